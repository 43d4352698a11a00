// Coexistence: what the business wrote in an app of its own, and what was written before, stand beside what went through Kurir.
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { JsonObject } from '../../../src/kernel/json.ts';
import { objects, text } from '../../../src/meta/webhook-envelope.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Hook } from '../../support/hook.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, startHouse, until, type House } from '../../support/house.ts';
import { postWebhook, statusEnvelope } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';
import { ANI, BUDI, SECONDS, wamid } from './golden-people.ts';
import { bodyOf, VARIANTS, type Variant } from './variants.ts';

let house: House;
let kirim: Hook;
let meta: Hook;

const ELSEWHERE = VARIANTS.filter((one) => one.about === 'echo' || one.about === 'history');

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  [kirim, meta] = await Promise.all([startHook(), startHook()]);
  await tell(kirim, 'kirim');
  await tell(meta, 'meta');
  // Meta tells everything twice here.
  for (const variant of ELSEWHERE)
    for (const _ of ['once', 'again']) expectStatus(await postWebhook(house, bodyOf([variant])), 200);
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await kirim[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

function tell(hook: Hook, dialect: 'kirim' | 'meta') {
  return subscribe(house, {
    url: hook.url,
    dialect,
    events: ['message.sent', 'message.edited', 'message.revoked', 'message.received', 'meta.*'],
  });
}

async function shown(name: string): Promise<JsonObject> {
  const list = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid(name))}`);
  expectStatus(list, 200);
  expect(list.body.data).toHaveLength(1);
  const one = await house.request('GET', `/v1/messages/${list.body.data[0].id}`);
  expect(one.body.data).toMatchObject(list.body.data[0]);
  return one.body.data;
}

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();

test('an echo is an outbound message, sent with the app', async () => {
  expect(await shown('echo of an image')).toMatchObject({
    direction: 'outbound',
    source: 'app',
    from: `+${BUSINESS_PHONE}`,
    to: BUDI.userId,
    type: 'image',
    caption: 'Menu',
    mime_type: 'image/jpeg',
    status: 'sent',
    status_times: { sent: at(SECONDS) },
    attempts: [],
  });
  expect(await shown('echo of another application')).toMatchObject({
    direction: 'outbound',
    source: 'app',
    to: `+${ANI.phone}`,
    content: 'Dari CRM',
  });
});

test('the media of echoes and of history are fetched, as a customer’s are', async () => {
  for (const name of ['echo of an image', 'pictured long ago'])
    expect(['pending', 'ready', 'failed'], name).toContain((await shown(name))['media_status']);
  const noted = await house.ctx.db.query('select source_id, tries from media order by source_id');
  expect(noted.map((one) => one['source_id'])).toEqual(['3310000000000020', '3310000000000021']);
  await until('both to be tried', async () => {
    await house.gateway.tick();
    const rows = await house.ctx.db.query<{ tries: number }>('select tries from media');
    return rows.every(({ tries }) => tries > 0);
  });
});

test('what is edited or revoked in the app is shown on it', async () => {
  expect(await shown('echo of a text')).toMatchObject({
    content: 'Dari ponsel',
    edited_at: at(SECONDS),
    edited: { type: 'text', content: 'Dari ponsel saya' },
  });
  expect(await shown('echo that will be revoked')).toMatchObject({ content: 'Ups', revoked_at: at(SECONDS) });
});

test('statuses of it are applied, and it cannot be withdrawn', async () => {
  const status = { id: wamid('echo of a text'), status: 'read', timestamp: String(SECONDS + 9) };
  expectStatus(await postWebhook(house, statusEnvelope([status])), 200);
  const { id = null, status: said } = await shown('echo of a text');
  expect(said).toBe('read');
  const withdrawn = await house.request('DELETE', `/v1/${PHONE_NUMBER_ID}/messages/${text(id)}`);
  expectStatus(withdrawn, 409);
});

test('each echo is told once, as Kurir’s own event and in Meta’s words', async () => {
  const echoes = ELSEWHERE.filter((one) => one.about === 'echo');
  const isEcho = (body: string): boolean =>
    body.includes('message_echoes') || body.includes('"message.sent"');
  const told = (hook: Hook): string[] => hook.heard.map((one) => one.body).filter(isEcho);
  await until('the echoes', async () => [kirim, meta].every((hook) => told(hook).length >= echoes.length));
  expect([told(kirim).length, told(meta).length]).toEqual([echoes.length, echoes.length]);
  for (const { value, field, name } of echoes) {
    const of = told(meta).map((body) => objects(objects(JSON.parse(body).entry)[0]?.['changes'])[0]);
    expect(of, name).toContainEqual({ field, value });
  }
  const sent = told(kirim).map((body) => JSON.parse(body));
  const one = sent.find(({ data }) => data?.message?.provider_id === wamid('echo of a text'));
  expect(one).toMatchObject({
    type: 'message.sent',
    data: { message: { source: 'app', type: 'text', to: `+${ANI.phone}` } },
  });
});

test('history is messages of long ago: no unread, no window, told as history alone', async () => {
  const long = SECONDS - 8_640_000;
  expect(await shown('asked long ago')).toMatchObject({
    direction: 'inbound',
    source: 'history',
    from: `+${ANI.phone}`,
    content: 'Buka jam berapa?',
    created_at: at(long),
    status: 'read',
  });
  expect(await shown('answered long ago')).toMatchObject({
    direction: 'outbound',
    source: 'history',
    to: `+${ANI.phone}`,
    status: 'delivered',
  });
  // The placeholder became what it stood for.
  expect(await shown('pictured long ago')).toMatchObject({
    direction: 'inbound',
    type: 'image',
    caption: 'Toko lama',
  });
  const [conversation] = await house.ctx.db.query(
    'select unread_count, last_inbound_at from conversations where conversation = $1',
    [ANI.phone],
  );
  expect(conversation).toEqual({ unread_count: 0, last_inbound_at: null });
  const isHistory = ({ body }: { body: string }): boolean => body.includes('"field":"history"');
  // Once each, and the refusal, which has no message by which it were known again, each time.
  await until('the history', async () => meta.heard.filter(isHistory).length >= 4);
  expect(meta.heard.filter(isHistory)).toHaveLength(4);
  expect(meta.heard.filter(({ body }) => body.includes('"field":"messages"'))).toEqual([]);
});

test('nothing of it is set aside, and a message sent through Kurir is not kept again as an echo', async () => {
  const sent = await house.sendText(`+${ANI.phone}`, 'Lewat Kurir');
  const own = await until('the wamid', async () => {
    const one = await house.request('GET', `/v1/messages/${sent.body.data.id}`);
    return (one.body.data.message_id as string | null) ?? undefined;
  });
  const [variant] = ELSEWHERE.filter((one) => one.name === 'echo of another application') as [Variant];
  const [echo] = objects(variant.value['message_echoes']);
  const value = { ...variant.value, message_echoes: [{ ...echo, id: own }] };
  expectStatus(await postWebhook(house, bodyOf([{ ...variant, value }])), 200);
  const list = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(own)}`);
  expect(list.body.data).toHaveLength(1);
  expect(await house.ctx.db.query('select reason from inbound_aside')).toEqual([]);
});
