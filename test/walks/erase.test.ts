// What is not kept any more is gone everywhere: by age, or because a person is to be forgotten.
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { erasePerson } from '../../src/chores/erase-person.ts';
import { createSweep } from '../../src/chores/sweep.ts';
import type { JsonObject } from '../../src/kernel/json.ts';
import type { OrganisationId } from '../../src/kernel/ids.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, WABA_ID, startHouse, until, type House } from '../support/house.ts';
import { startMediaAtMeta, type MediaAtMeta } from '../support/media-at-meta.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';
import {
  envelope,
  inboundText,
  messageEnvelope,
  postWebhook,
  statusEnvelope,
} from '../support/signed-webhooks.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const PERSON = '628111222333';
const USER_ID = 'ID.13491208655302741918';
const OTHER = '628111222444';

let meta: MediaAtMeta;
let house: House;

beforeAll(async () => {
  meta = await startMediaAtMeta();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 200 } });
  for (const ordered of [false, true])
    await house.request('POST', '/v1/webhook_subscriptions', {
      url: 'https://hooks.example.com/kurir',
      events: ['*'],
      ordered,
    });
  for (const dialect of ['kapso', 'meta', 'standard'])
    await house.request('POST', '/v1/webhook_subscriptions', {
      url: 'https://hooks.example.com/kurir',
      events: ['*'],
      dialect,
    });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

/** Every row of every table as text. */
async function everything(): Promise<string> {
  const tables = await house.ctx.db.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition`,
    [house.schema],
  );
  const rows = await Promise.all(
    tables.map(({ name }) => house.ctx.db.query<{ row: string }>(`select t::text as row from "${name}" t`)),
  );
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

async function filesKept(): Promise<string[]> {
  const names = await readdir(house.gateway.ctx.config.mediaDir, { recursive: true }).catch(() => []);
  return names.flatMap((name) => /med_[0-9A-Z]{26}/.exec(name)?.[0] ?? []);
}

let written = 0;

async function write(
  from: string,
  { message = {}, contacts }: { message?: JsonObject; contacts?: JsonObject[] } = {},
  canary = 'Rahasia',
): Promise<string> {
  const wamid = `wamid.erase-${++written}`;
  const said = { ...inboundText(from, wamid, canary), ...message };
  const body = contacts ? envelope([{ messages: [said], contacts }]) : messageEnvelope([said]);
  expect((await postWebhook(house, body)).status).toBe(200);
  return wamid;
}

/** A field of Meta's that Kurir does nothing with but to pass it on. */
async function tellOf(person: string, field: string, said: string): Promise<void> {
  const metadata = { display_phone_number: BUSINESS_PHONE, phone_number_id: PHONE_NUMBER_ID };
  const value = { messaging_product: 'whatsapp', metadata, things: [{ wa_id: person, detail: said }] };
  const body = {
    object: 'whatsapp_business_account',
    entry: [{ id: WABA_ID, changes: [{ field, value }] }],
  };
  expect((await postWebhook(house, body)).status).toBe(200);
}

async function image(from: string): Promise<string> {
  const wamid = await write(from, { message: { type: 'image', image: meta.add(PNG).told } }, 'Gambar');
  return until('the image', async () => {
    const [listed] = (await house.request('GET', `/v1/messages?message_id=${wamid}`)).body.data;
    return listed?.media_status === 'ready' && `med_${listed.id.slice(4)}`;
  });
}

test('a person who is erased is nowhere any more, and nobody else misses anything', async () => {
  const profile = { profile: { name: 'Siti Rahayu' }, wa_id: PERSON, user_id: USER_ID };
  await write(PERSON, { contacts: [profile], message: { from_user_id: USER_ID } });
  await write(PERSON, { message: { group_id: 'Y2FwaV9ncm91cDo', text: { body: 'Rahasia di grup' } } });
  await write(OTHER, { message: { group_id: 'Y2FwaV9ncm91cDo', text: { body: 'Yang lain di grup' } } });
  await write(OTHER, {}, 'Yang lain');
  for (const named of [PERSON, USER_ID]) await tellOf(named, 'user_preferences', 'Rahasia pilihan');
  await tellOf(OTHER, 'user_preferences', 'Pilihan yang lain');
  await tellOf(`1${PERSON}`, 'user_preferences', 'Nomor yang mirip');
  const [theirs, others] = [await image(PERSON), await image(OTHER)];
  await house.sendText(`+${PERSON}`, 'Rahasia untuk Siti');
  await house.sendText(`+${OTHER}`, 'Untuk yang lain');
  // Set aside: a status of a message that is not ours.
  await postWebhook(
    house,
    envelope([
      { statuses: [{ id: 'wamid.unknown', status: 'sent', timestamp: '1790000000', recipient_id: PERSON }] },
    ]),
  );
  const before = await everything();
  for (const trace of [PERSON, USER_ID, 'Siti', 'Rahasia']) expect(before).toContain(trace);

  const erased = await erasePerson(house.gateway.ctx, {
    organisationId: house.organisationId as OrganisationId,
    person: USER_ID,
  });
  expect(erased).toMatchObject({ messages: 4, media: 1, conversations: 1, contacts: 1 });
  expect(erased.deliveries).toBeGreaterThan(0);
  await house.gateway.tick();

  const after = await everything();
  for (const trace of [new RegExp(`\\b${PERSON}`), USER_ID, 'Siti', 'Rahasia', theirs])
    expect(after).not.toMatch(trace);
  for (const trace of [
    OTHER,
    'Yang lain di grup',
    'Untuk yang lain',
    'Pilihan yang lain',
    'Nomor yang mirip',
    others,
  ])
    expect(after).toContain(trace);
  const orphans = await house.ctx.db.query(
    `select d.id from deliveries d where not exists (select from tellings t where t.event_id = d.event_id)`,
  );
  expect(orphans).toEqual([]);
  expect(await filesKept()).toEqual([others]);
  expect((await house.request('GET', '/v1/messages?direction=inbound')).body.data).toHaveLength(3);
  const again = await erasePerson(house.gateway.ctx, {
    organisationId: house.organisationId as OrganisationId,
    person: `+${PERSON}`,
  });
  expect(Object.values(again).every((count) => count === 0)).toBe(true);
});

test('a person of another organisation stays', async () => {
  const other = await house.addOrganisation('Toko Sebelah');
  await write(PERSON, {}, 'Masih ada');
  const erased = await erasePerson(house.gateway.ctx, {
    organisationId: other.organisationId as OrganisationId,
    person: PERSON,
  });
  expect(erased.messages).toBe(0);
  expect(await everything()).toContain('Masih ada');
});

test('what is older than is to be kept goes with its media, and nothing else', async () => {
  const [old, young] = [await image(OTHER), await image(OTHER)];
  await house.ctx.db.query(`update messages set created_at = created_at - interval '31 days' where id = $1`, [
    `msg_${old.slice(4)}`,
  ]);
  const { ctx } = house.gateway;
  const sweep = createSweep({ ...ctx, config: { ...ctx.config, keepMessagesDays: 30 } });
  await sweep.sweep();
  await house.gateway.tick();
  expect((await house.request('GET', `/v1/messages/msg_${old.slice(4)}`)).status).toBe(404);
  expect((await house.request('GET', `/v1/messages/msg_${young.slice(4)}`)).status).toBe(200);
  const kept = await filesKept();
  expect(kept).not.toContain(old);
  expect(kept).toContain(young);
});

test('media may be kept shorter than messages', async () => {
  const [old, young] = [await image(OTHER), await image(OTHER)];
  const url = (await house.request('GET', `/v1/messages/msg_${old.slice(4)}`)).body.data.media_url;
  await house.ctx.db.query(`update media set created_at = created_at - interval '8 days' where id = $1`, [
    old,
  ]);
  const { ctx } = house.gateway;
  await createSweep({ ...ctx, config: { ...ctx.config, keepMediaDays: 7 } }).sweep();
  const message = await house.request('GET', `/v1/messages/msg_${old.slice(4)}`);
  expect(message.body.data).toMatchObject({ media_status: 'failed', media_url: null });
  expect((await fetch(url)).status).toBe(404);
  await house.gateway.tick();
  const kept = await filesKept();
  expect(kept).not.toContain(old);
  expect(kept).toContain(young);
});

test('what a gateway that was killed left half written is deleted when it is a day old', async () => {
  const parts = join(house.gateway.ctx.config.mediaDir, 'parts');
  await mkdir(parts, { recursive: true });
  for (const name of ['old.part', 'young.part']) await writeFile(join(parts, name), 'half');
  const longAgo = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(parts, 'old.part'), longAgo, longAgo);
  await house.gateway.tick();
  expect(await readdir(parts)).toEqual(['young.part']);
});

test('with no days set everything stays', async () => {
  const old = await image(OTHER);
  await house.ctx.db.query(`update media set created_at = '2020-01-01' where id = $1`, [old]);
  await house.ctx.db.query(`update messages set created_at = '2020-01-01' where id = $1`, [
    `msg_${old.slice(4)}`,
  ]);
  await createSweep(house.gateway.ctx).sweep();
  await house.gateway.tick();
  expect((await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages/msg_${old.slice(4)}`)).status).toBe(
    200,
  );
  expect(await filesKept()).toContain(old);
});

test('what was told of the person’s part in a group goes, and so does what could not be read', async () => {
  await using hand = await startMetaByHand();
  await using group = await startHouse({ config: { graphUrl: hand.url } });
  await group.request('POST', '/v1/webhook_subscriptions', {
    url: null,
    events: ['message.status'],
  });
  const sent = await group.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, {
    messaging_product: 'whatsapp',
    recipient_type: 'group',
    to: 'Y2FwaV9ncm91cDo',
    type: 'text',
    text: { body: 'Halo semua' },
  });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const status = { id: sent.body.data.message_id, status: 'read', timestamp, recipient_type: 'group' };
  await postWebhook(
    group,
    statusEnvelope([{ ...status, recipient_id: 'Y2FwaV9ncm91cDo', recipient_participant_id: PERSON }]),
  );
  await postWebhook(group, messageEnvelope([{ from: Number(PERSON), type: 'text', text: 'no object' }]));
  const named = async () => {
    const rows = await group.ctx.db.query<{ row: string }>(
      'select body as row from tellings union all select change::text from inbound_aside',
    );
    return rows.filter(({ row }) => row.includes(PERSON)).length;
  };
  expect(await named()).toBe(2);
  const organisationId = group.organisationId as OrganisationId;
  const erased = await erasePerson(group.gateway.ctx, { organisationId, person: PERSON });
  expect(erased).toMatchObject({ messages: 0, deliveries: 1, aside: 1 });
  expect(await named()).toBe(0);
});

test('so does what Meta told of the person in another spelling of the phone', async () => {
  await using telling = await startHouse();
  await telling.request('POST', '/v1/webhook_subscriptions', { url: null, events: ['meta.*'] });
  const told = async () => (await telling.ctx.db.query('select 1 from tellings')).length;
  const entry = (phone: string) => ({
    type: 'contact',
    contact: { full_name: 'Ana', phone_number: phone },
    action: 'remove',
    metadata: { timestamp: '1795285895' },
  });
  for (const phone of ['+62 811-1222-333', '+62 (811) 122 2333', `+${OTHER}`]) {
    const metadata = { display_phone_number: BUSINESS_PHONE, phone_number_id: PHONE_NUMBER_ID };
    const value = { messaging_product: 'whatsapp', metadata, state_sync: [entry(phone)] };
    const changes = [{ field: 'smb_app_state_sync', value }];
    const body = { object: 'whatsapp_business_account', entry: [{ id: WABA_ID, changes }] };
    expect((await postWebhook(telling, body)).status).toBe(200);
  }
  expect(await told()).toBe(3);
  const organisationId = telling.organisationId as OrganisationId;
  expect(await erasePerson(telling.gateway.ctx, { organisationId, person: PERSON })).toMatchObject({
    deliveries: 2,
  });
  expect(await told()).toBe(1);
});

test('what still waits to be sent to the person is not, and the number goes on', async () => {
  await using hand = await startMetaByHand();
  await using busy = await startHouse({ config: { graphUrl: hand.url, sendWaitMs: 100 } });
  hand.react(() => ({ kind: 'hold' }));
  await busy.sendText(`+${PERSON}`, 'satu', { prefer: 'respond-async' });
  await busy.sendText(`+${PERSON}`, 'dua', { prefer: 'respond-async' });
  await until('the first call', async () => hand.calls.length === 1);
  const organisationId = busy.organisationId as OrganisationId;
  const { messages } = await erasePerson(busy.gateway.ctx, { organisationId, person: PERSON });
  expect(messages).toBe(2);
  hand.letGo();
  for (const to of [`+${OTHER}`, `+${PERSON}`]) {
    const sent = await busy.sendText(to, 'tiga', { prefer: 'wait=1' });
    expect(sent.body.data.status).toBe('pending');
  }
  expect(hand.calls.map((call) => call.body['text'])).toEqual([
    { body: 'satu' },
    { body: 'tiga' },
    { body: 'tiga' },
  ]);
});
