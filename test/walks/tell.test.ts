// What happens is told: each thing once, signed, to whoever asked for it.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';

import { bodyOf, VARIANTS } from '../conformance/inbound/variants.ts';
import { startHook, type Heard } from '../support/hook.ts';
import {
  envelope,
  inboundText,
  messageEnvelope,
  postWebhook,
  statusEnvelope,
} from '../support/signed-webhooks.ts';
import { WEBHOOK_DIALECTS } from '../../src/webhooks/telling.ts';
import { startHouse, until } from '../support/house.ts';
import { subscribe } from '../support/subscribe.ts';

const LOOPBACK = { config: { webhookAllow: '127.0.0.0/8' } };
/** The simulator tells no statuses by itself. */
const QUIET = { windowEnforced: false, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } };

// +12025550101 reads at once; every status of +12025550112 is told three times, of +12025550113 out of order.
test.each([
  ['+12025550101', ['delivered', 'read', 'sent']],
  ['+12025550112', ['delivered', 'sent']],
  ['+12025550113', ['delivered', 'sent']],
])('a send to %s is told as %s, each once and signed', async (to, expected) => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  const { initialSecret } = await subscribe(house, { url: hook.url });
  const sent = await house.sendText(to);
  expect(sent.status).toBe(200);
  await until('its statuses', async () => told(hook.heard, 'message.status').length >= expected.length);
  await house.gateway.close();
  const statuses = told(hook.heard, 'message.status').map(
    (one) => JSON.parse(one.body).entry[0].changes[0].value.statuses[0],
  );
  expect(statuses.map((one) => one.status).toSorted(byText)).toEqual(expected);
  for (const one of statuses) {
    expect(one.id).toBe(sent.body.data.message_id);
    expect(one).not.toHaveProperty('biz_opaque_callback_data');
  }
  for (const one of hook.heard) expect(isSigned(one, initialSecret)).toBe(true);
});

test('a customer’s message is told once, however often Meta tells it, and in each dialect', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  for (const dialect of WEBHOOK_DIALECTS)
    await subscribe(house, { url: `${hook.url}/${dialect}`, dialect, events: ['message.received'] });
  const body = messageEnvelope([inboundText('12025550171', 'wamid.told', 'Halo 😀')]);
  const posts = await Promise.all([
    postWebhook(house, body),
    postWebhook(house, body),
    postWebhook(house, body),
  ]);
  expect(posts.map((post) => post.status)).toEqual([200, 200, 200]);
  await postWebhook(house, body);
  await until('each dialect', async () => hook.heard.length >= 4);
  await house.gateway.close();
  expect(hook.heard).toHaveLength(4);
  for (const one of hook.heard) expect(one.headers['content-type']).toBe('application/json');
  for (const one of hook.heard) expect(one.body).toMatch(/Halo (😀|\\ud83d\\ude00)/);
});

test('whom messages introduce is told: a customer who writes, and one who is written to', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  await subscribe(house, {
    url: hook.url,
    events: ['contact.created', 'contact.updated', 'conversation.created'],
  });
  const says = (wamid: string, name: string) =>
    envelope([
      {
        contacts: [{ profile: { name }, wa_id: '12025550171' }],
        messages: [inboundText('12025550171', wamid, 'Halo')],
      },
    ]);
  await postWebhook(house, says('wamid.one', 'Siti'));
  await postWebhook(house, says('wamid.two', 'Siti'));
  await postWebhook(house, says('wamid.three', 'Siti Rahma'));
  await house.sendText('+12025550101');
  await until('five events', async () => hook.heard.length >= 5);
  await house.gateway.close();
  const bodies = hook.heard.map(({ body }) => JSON.parse(body));
  const people = bodies
    .filter((one) => one.data.contact)
    .map(({ type, data }) => [
      type,
      data.contact.phone_number,
      data.contact.name,
      data.acquisition_source ?? data.changed_fields,
    ]);
  expect(people.toSorted(byText)).toEqual([
    ['contact.created', '+12025550101', null, 'outbound'],
    ['contact.created', '+12025550171', 'Siti', 'inbound'],
    ['contact.updated', '+12025550171', 'Siti Rahma', ['profile_name', 'name']],
  ]);
  const talks = bodies.filter((one) => one.type === 'conversation.created');
  expect(talks.map(({ data }) => data.conversation.id).toSorted(byText)).toEqual(
    (await house.ctx.db.query<{ id: string }>('select id from conversations'))
      .map((row) => row.id)
      .toSorted(byText),
  );
});

test('whom the business wrote to with the phone app is told, too', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['contact.created'] });
  const echo = VARIANTS.filter(({ about }) => about === 'echo').slice(0, 1);
  expect((await postWebhook(house, bodyOf(echo))).status).toBe(200);
  await until('it', async () => hook.heard.length > 0);
  expect(JSON.parse(hook.heard[0]?.body ?? '').data.acquisition_source).toBe('phone_app');
});

test('what could not be committed is not told; when Meta tells it again it is, once', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['message.received'] });
  const { db } = house.ctx;
  await db.query(
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the commit fails'; end $$`,
  );
  await db.query(
    'create constraint trigger refused after insert on messages deferrable initially deferred for each row execute function refuse()',
  );
  const body = messageEnvelope([inboundText('12025550171', 'wamid.refused', 'Halo')]);
  expect((await postWebhook(house, body)).status).toBeGreaterThanOrEqual(500);
  expect(await db.query('select from deliveries')).toEqual([]);
  expect(await db.query('select from tellings')).toEqual([]);
  await db.query('drop trigger refused on messages');
  expect((await postWebhook(house, body)).status).toBe(200);
  await until('it is told', async () => hook.heard.length > 0);
  await house.gateway.close();
  expect(hook.heard).toHaveLength(1);
});

test('a status that met a deadlock is tried again at once, and told once', async () => {
  await using house = await startHouse({ config: { ...LOOPBACK.config, sendWaitMs: 300 }, simulator: QUIET });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['message.status'] });
  const { message_id: id } = (await house.sendText('12025550172')).body.data;
  const { db } = house.ctx;
  await db.query('create sequence updates');
  // A number that a sequence gave is gone, whatever becomes of the transaction.
  await db.query(
    `create function meet() returns trigger language plpgsql as $$ begin
       if nextval('updates') = 1 then raise exception 'crosswise' using errcode = '40P01'; end if; return new; end $$`,
  );
  await db.query('create trigger met before update on message_states for each row execute function meet()');
  // A loop that is busy hears of all that failed with it at once.
  const busy = setInterval(() => {
    for (const end = performance.now() + 20; performance.now() < end;);
  }, 1);
  const posted = await postWebhook(house, statusEnvelope([{ id, status: 'delivered' }]));
  clearInterval(busy);
  expect(posted.status).toBe(200);
  await until('it is told', async () => hook.heard.length > 0);
  await house.gateway.close();
  expect(hook.heard).toHaveLength(1);
});

function told(heard: readonly Heard[], event: string): Heard[] {
  return heard.filter((one) => one.headers['x-kirim-event'] === event);
}

// As the contract says: HMAC-SHA256 over `<t>.<body>` with the whole secret.
function isSigned({ headers, body }: Heard, secret: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-kirim-signature'])) ?? [];
  return v1 === createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
}

function byText(one: unknown, other: unknown): number {
  return String(one) < String(other) ? -1 : 1;
}
