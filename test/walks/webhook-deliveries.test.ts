// Webhook deliveries by the API: listed, shown with their tries, sent again one by one or by the thousand.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { newId } from '../../src/kernel/ids.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHook } from '../support/hook.ts';
import { startHouse, until, type House, type Reply } from '../support/house.ts';

const PATH = '/v1/webhook_deliveries';
const SUBSCRIPTIONS = '/v1/webhook_subscriptions';

let house: House;
beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8', webhookDeadMax: 1_000_000 } });
});
afterAll(() => house[Symbol.asyncDispose]());

type Data = Reply['body']['data'];

async function subscribe(url: string | null): Promise<string> {
  const made = await house.request('POST', SUBSCRIPTIONS, {
    url,
    events: ['webhook.test'],
    description: url,
  });
  expectStatus(made, 201);
  return made.body.data.id;
}

async function list(query: string): Promise<Data> {
  const reply = await house.request('GET', `${PATH}?${query}`);
  expectStatus(reply, 200);
  return reply.body.data;
}

const testOf = (id: string) => house.request('POST', `${SUBSCRIPTIONS}/${id}/test`);

function over(id: string, count: number): Promise<Data> {
  return until(`${count} deliveries that are over`, async () => {
    const all = await list(`subscription_id=${id}`);
    const isOver = all.length === count && all.every((one: Data) => one.status !== 'pending');
    return isOver && all;
  });
}

test('one is shown with what was sent and with its tries, and sent again with the same event', async () => {
  await using hook = await startHook();
  const id = await subscribe(hook.url);
  hook.answer((_request, response) => response.writeHead(422).end('no such order'));
  const event = (await testOf(id)).body.data.id;
  const [dead] = await over(id, 1);
  const shown = (await house.request('GET', `${PATH}/${dead.id}`)).body.data;
  expect(shown).toEqual({
    id: expect.stringMatching(/^wbd_[0-9A-HJKMNP-TV-Z]{26}$/),
    object: 'webhook_delivery',
    subscription_id: id,
    event_id: event,
    event_type: 'webhook.test',
    event_name: 'webhook.test',
    event_subject: event,
    dialect: 'kirim',
    status: 'dead',
    attempts: 1,
    last_try: expect.objectContaining({ status: 422, detail: 'no such order' }),
    tries: [{ at: expect.any(String), ms: expect.any(Number), status: 422, detail: 'no such order' }],
    next_try_at: null,
    replayed_from: null,
    created_at: expect.any(String),
    finished_at: expect.any(String),
    request_body: hook.heard[0]?.body,
  });

  hook.answer(200);
  const replayed = await house.request('POST', `${PATH}/${dead.id}/replay`);
  const again = replayed.body.data;
  expect(again).toEqual({
    id: expect.stringMatching(/^wbd_/),
    object: 'webhook_delivery',
    replayed_from: dead.id,
    status: 'pending',
  });
  await over(id, 2);
  // Of one that succeeded, too.
  await house.request('POST', `${PATH}/${again.id}/replay`);
  const all = await over(id, 3);
  expect(all.map((one: Data) => one.status)).toEqual(['succeeded', 'succeeded', 'dead']);
  expect(all.map((one: Data) => one.replayed_from)).toEqual([again.id, dead.id, null]);
  expect(new Set(hook.heard.map((one) => one.headers['x-kirim-event-id']))).toEqual(new Set([event]));
  expect(new Set(hook.heard.map((one) => one.headers['x-kirim-delivery-id'])).size).toBe(3);
  expect(hook.heard.map((one) => one.headers['x-kirim-attempt'])).toEqual(['1', '1', '1']);
  expect(new Set(hook.heard.map((one) => one.body)).size).toBe(1);
});

test('pages and filters find each one once, the newest first', async () => {
  await using hook = await startHook();
  const id = await subscribe(hook.url);
  for (let i = 0; i < 5; i++) await testOf(id);
  const all = await over(id, 5);
  expect(all.map((one: Data) => one.id)).toEqual(
    all
      .map((one: Data) => one.id)
      .toSorted()
      .toReversed(),
  );
  const paged: Data[] = [];
  let cursor = '';
  do {
    const { body } = await house.request('GET', `${PATH}?subscription_id=${id}&limit=2${cursor}`);
    paged.push(...body.data);
    expect(body['has_more']).toBe(body['next_cursor'] !== null);
    cursor = body['next_cursor'] === null ? '' : `&cursor=${body['next_cursor']}`;
  } while (cursor !== '');
  expect(paged).toEqual(all);
  const middle = all[2].created_at;
  const older = await list(`subscription_id=${id}&created_before=${middle}`);
  const younger = await list(`subscription_id=${id}&created_after=${middle}`);
  expect(older).toEqual(all.filter((one: Data) => one.created_at < middle));
  expect(await list(`subscription_id=${id}&created_after=0001-01-01`)).toEqual(all);
  expect(await list(`subscription_id=${id}&created_before=0001-01-01`)).toEqual([]);
  expect(younger).toEqual(all.filter((one: Data) => one.created_at > middle));
  expect(await list(`subscription_id=${id}&status=succeeded&event_type=webhook.test`)).toEqual(all);
  for (const none of ['status=pending', 'status=dead', 'status=failed', 'event_type=message.status'])
    expect(await list(`subscription_id=${id}&${none}`)).toEqual([]);
  const { body } = await house.request('GET', `${PATH}?limit=1`);
  const other = await house.request('GET', `${PATH}?limit=1&status=dead&cursor=${body['next_cursor']}`);
  expectKirimError(other, 'invalid_cursor', 'cursor');
});

test('of a thousand and more dead ones a thousand are sent again at once, then the rest, and none a second time', async () => {
  const id = await subscribe(null);
  await testOf(id);
  const [first] = await list(`subscription_id=${id}`);
  await dieOften(id, first.id, 1_002);
  const ask = (more: object = {}) =>
    house.request('POST', `${PATH}/bulk_replay`, { subscription_id: id, ...more });
  const nothing = await ask({ event_type: 'message.status' });
  expect(nothing.body.data).toEqual({ enqueued: 0, capped: false });
  expect((await ask({ created_before: '2020-01-01' })).body.data).toEqual({ enqueued: 0, capped: false });
  // Two at once send nothing twice.
  const [one, two] = await Promise.all([ask(), ask({ status: 'failed' })]);
  expect([one.body.data, two.body.data]).toContainEqual({ enqueued: 1_000, capped: true });
  expect([one.body.data, two.body.data]).toContainEqual({ enqueued: 2, capped: false });
  expect((await ask()).body.data).toEqual({ enqueued: 0, capped: false });
  const replays = await house.ctx.db.query<{ count: number; originals: number }>(
    `select count(*)::int as count, count(distinct replayed_from)::int as originals from deliveries
     where subscription_id = $1 and replayed_from is not null and state = 'pending' and due_at <= now()`,
    [id],
  );
  expect(replays).toEqual([{ count: 1_002, originals: 1_002 }]);
});

// What a dead endpoint leaves behind, without the waiting.
async function dieOften(subscriptionId: string, like: string, count: number): Promise<void> {
  const now = Date.now();
  await house.ctx.db.query(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, state, attempt, finished_at)
     select d.organisation_id, n.id, d.subscription_id, d.event_id, d.dialect, d.type, d.told_at, to_timestamp($3::float8 / 1000), 'dead', 8, now()
     from deliveries d, unnest($4::text[]) as n (id) where d.id = $1 and d.subscription_id = $2`,
    [like, subscriptionId, now, Array.from({ length: count }, () => newId('wbd', now))],
  );
}

test('what cannot be sent again is told so', async () => {
  await using hook = await startHook();
  const id = await subscribe(hook.url);
  await testOf(id);
  const [one] = await over(id, 1);
  expectStatus(await house.request('DELETE', `${SUBSCRIPTIONS}/${id}`), 200);
  // It is still shown.
  expectStatus(await house.request('GET', `${PATH}/${one.id}`), 200);
  expectKirimError(await house.request('POST', `${PATH}/${one.id}/replay`), 'resource_not_found');
  for (const unknown of [newId('wbd', 1_700_000_000_000), 'wbd_x', 'ZZZ', `wbd_${'Z'.repeat(26)}`])
    for (const path of [`GET ${PATH}/${unknown}`, `POST ${PATH}/${unknown}/replay`]) {
      const [method = '', where = ''] = path.split(' ');
      expectKirimError(await house.request(method, where), 'resource_not_found');
    }
});

test.each<[string, object | undefined, string, Parameters<typeof expectKirimError>[1]]>([
  ['GET ?status=lost', undefined, 'status', 'invalid_field_value'],
  ['GET ?colour=red', undefined, 'colour', 'invalid_field_value'],
  ['GET ?created_after=yesterday', undefined, 'created_after', 'invalid_field_value'],
  ['GET ?limit=101', undefined, 'limit', 'invalid_limit'],
  ['GET ?cursor=abc', undefined, 'cursor', 'invalid_cursor'],
  ['POST /bulk_replay', {}, 'subscription_id', 'missing_required_field'],
  ['POST /bulk_replay', { subscription_id: 'x', status: 'pending' }, 'status', 'invalid_field_value'],
  ['POST /bulk_replay', { subscription_id: 'x', limit: 5 }, 'limit', 'invalid_field_value'],
  ['POST /bulk_replay', { subscription_id: 'x', created_after: '1' }, 'created_after', 'invalid_field_value'],
])('%s with %j is refused', async (asked, body, param, code) => {
  const [method = '', rest = ''] = asked.split(' ');
  expectKirimError(await house.request(method, PATH + rest, body), code, param);
});
