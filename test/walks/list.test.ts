// The list of messages: whatever the page size and the filters, a walk along its cursors meets every message exactly once, also while
// new ones arrive; and a cursor is good for nothing but the walk it was made in.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, type House, type Reply } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { seedOfRun } from '../support/seed-of-run.ts';
import { sendsOf, statusOf } from '../support/sent-message.ts';
import { inboundText, messageEnvelope, postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';

const OTHER_NUMBER_ID = '206540352242923';
const NOON = 1_760_000_000;

let meta: MetaByHand;
let house: House;
let all: Row[];

interface Row {
  id: string;
  message_id: string;
  phone_number_id: string;
  direction: string;
  from: string;
  to: string;
  status: string;
  created_at: string;
}

interface Page {
  data: Row[];
  next_cursor: string | null;
}

/** Customers' messages that came in one second, a few seconds apart: many rows of one moment. */
async function customersWrite(
  count: number,
  name: string,
  about: { phoneNumberId?: string } = {},
): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({
    from: `1202558000${i % 3}`,
    id: `wamid.${name}-${i}`,
    timestamp: String(NOON + Math.floor(i / 7)),
    type: 'text',
    text: { body: `${name} ${i}` },
  }));
  expectStatus(await postWebhook(house, messageEnvelope(messages, about)), 200);
}

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url } });
  await house.addNumber({ phoneNumberId: OTHER_NUMBER_ID, phone: '628511760008030' });
  const { send, accepted } = sendsOf(house, meta);
  const sent = await Promise.all(Array.from({ length: 24 }, send));
  await accepted(...sent);
  const read = sent.slice(0, 9).map((one) => statusOf(one, { status: 'read', timestamp: NOON, echo: true }));
  expectStatus(await postWebhook(house, statusEnvelope(read)), 200);
  await customersWrite(40, 'first');
  await customersWrite(20, 'other', { phoneNumberId: OTHER_NUMBER_ID });
  all = await walk('/v1/messages', {}, () => 100);
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

type Filter = Record<string, string>;

function page(path: string, query: Filter): Promise<Reply> {
  return house.request('GET', `${path}?${new URLSearchParams(query).toString()}`);
}

/** All rows along the cursors, with a page size of its own for each page. */
async function walk(
  path: string,
  filter: Filter,
  limit: () => number,
  between: (pages: number) => Promise<void> = async () => undefined,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = '', pages = 0; cursor !== null; pages++) {
    const size = limit();
    const reply = await page(path, { ...filter, limit: String(size), ...(cursor === '' ? {} : { cursor }) });
    expectStatus(reply, 200);
    const { data, next_cursor, has_more } = reply.body as unknown as Page & { has_more: boolean };
    expect(has_more).toBe(next_cursor !== null);
    expect(data.length).toBeLessThanOrEqual(size);
    if (has_more) expect(data).toHaveLength(size);
    rows.push(...data);
    cursor = next_cursor;
    await between(pages);
  }
  return rows;
}

function matches(row: Row, filter: Filter): boolean {
  const { direction, status, to, created_after: after, created_before: before } = filter;
  const customer = row.direction === 'inbound' ? row.from : row.to;
  return (
    (direction === undefined || row.direction === direction) &&
    (status === undefined || row.status === status) &&
    (to === undefined || customer === to) &&
    (after === undefined || row.created_at > after) &&
    (before === undefined || row.created_at < before)
  );
}

const ids = (rows: readonly Row[]): string[] => rows.map((row) => row.id);

const instants = fc.integer({ min: NOON - 2, max: NOON + 8 }).map((at) => new Date(at * 1_000).toISOString());
const filters = fc.record(
  {
    direction: fc.constantFrom('inbound', 'outbound'),
    status: fc.constantFrom('pending', 'read', 'delivered', 'failed'),
    to: fc.constantFrom('+12025580000', '+12025580001', '+12025570003'),
    created_after: instants,
    created_before: instants,
  },
  { requiredKeys: [] },
);
const sizes = fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 100 })));

const seed = seedOfRun('walks of the list');

test('there is something to walk', () => {
  expect(all).toHaveLength(84);
  expect(new Set(ids(all)).size).toBe(84);
  const moments = new Set(all.map((row) => row.created_at));
  expect(moments.size).toBeLessThan(84);
});

test('every row once, newest first, whatever the sizes and the filters', async () => {
  await fc.assert(
    fc.asyncProperty(
      filters,
      sizes,
      fc.constantFrom('', `${PHONE_NUMBER_ID}/`, `${OTHER_NUMBER_ID}/`),
      async (filter, size, number) => {
        const rows = await walk(`/v1/${number}messages`, filter, () => size.next().value ?? 1);
        const expected = all.filter(
          (row) => matches(row, filter) && (number === '' || number === `${row.phone_number_id}/`),
        );
        expect(ids(rows)).toEqual(ids(expected));
      },
    ),
    { numRuns: 60, seed, endOnFailure: true },
  );
  // A sort that keeps the order of equals.
  const newestFirst = all.toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  expect(ids(all)).toEqual(ids(newestFirst));
});

test('what customers wrote in one second stands as it came, told at once or one by one, and again', async () => {
  const timestamp = String(NOON + 100);
  const texts = Array.from({ length: 12 }, (_, i) => ({
    ...inboundText('12025570199', `wamid.one-second-${i}`, `${i}`),
    timestamp,
  }));
  const asCome = [
    ...texts.slice(0, 4).map((one) => [one]),
    texts.slice(4, 8),
    ...texts.slice(8).map((one) => [one]),
  ];
  const tell = async (posts: typeof asCome): Promise<void> => {
    for (const post of posts) expectStatus(await postWebhook(house, messageEnvelope(post)), 200);
  };
  await tell(asCome);
  const [from, to] = [NOON + 99, NOON + 101].map((at) => new Date(at * 1_000).toISOString());
  const during = { created_after: from ?? '', created_before: to ?? '' };
  const rows = await walk('/v1/messages', during, () => 5);
  expect(rows.map((row) => row.message_id)).toEqual(texts.map((_, i) => `wamid.one-second-${11 - i}`));
  expect(new Set(rows.map((row) => row.created_at))).toEqual(
    new Set([new Date((NOON + 100) * 1_000).toISOString()]),
  );
  await tell(asCome.toReversed());
  expect(ids(await walk('/v1/messages', during, () => 3))).toEqual(ids(rows));
  // The moment that is shown is the one that is asked for.
  expect(
    await walk('/v1/messages', { ...during, created_after: rows[0]?.created_at ?? '' }, () => 5),
  ).toEqual([]);
  expect(
    await walk('/v1/messages', { ...during, created_before: rows[0]?.created_at ?? '' }, () => 5),
  ).toEqual([]);
});

test('every row once while new ones arrive, before and behind the cursor', async () => {
  const before = ids(await walk('/v1/messages', {}, () => 100));
  let arrivals = 0;
  const seen = ids(
    await walk(
      '/v1/messages',
      {},
      () => 5,
      async (pages) => {
        if (pages >= 12) return;
        await customersWrite(6, `late-${arrivals++}`);
        await house.sendText('+12025589999', 'Baru', { prefer: 'respond-async' });
      },
    ),
  );
  expect(new Set(seen).size).toBe(seen.length);
  const met = new Set(seen);
  expect(before.filter((id) => !met.has(id))).toEqual([]);
  expect(arrivals).toBe(12);
});

describe('a cursor', () => {
  const PATH = `/v1/${PHONE_NUMBER_ID}/messages`;
  const FILTER = { direction: 'inbound', limit: '2' };

  async function cursorOf(): Promise<string> {
    const reply = await page(PATH, FILTER);
    expectStatus(reply, 200);
    return reply.body['next_cursor'];
  }

  async function expectRefused(cursor: string, path: string, filter: Filter): Promise<void> {
    expectKirimError(await page(path, { ...filter, cursor }), 'invalid_cursor', 'cursor');
  }

  test('goes on with another page size', async () => {
    const cursor = await cursorOf();
    expectStatus(await page(PATH, { ...FILTER, limit: '7', cursor }), 200);
  });

  test('is refused with other filters, at another number, and at the list of all', async () => {
    const cursor = await cursorOf();
    await expectRefused(cursor, PATH, { limit: '2' });
    await expectRefused(cursor, PATH, { ...FILTER, direction: 'outbound' });
    await expectRefused(cursor, PATH, { ...FILTER, status: 'read' });
    await expectRefused(cursor, PATH, { ...FILTER, created_after: '2020-01-01' });
    await expectRefused(cursor, `/v1/${OTHER_NUMBER_ID}/messages`, FILTER);
    await expectRefused(cursor, '/v1/messages', FILTER);
  });

  test('is refused with any change in it', async () => {
    const cursor = await cursorOf();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(cursor.length - 1),
        fc.constantFrom('A', 'z', '.', '-', '%00'),
        async (at, other) => {
          if (cursor[at] === other) return;
          await expectRefused(cursor.slice(0, at) + other + cursor.slice(at + 1), PATH, FILTER);
        },
      ),
      { numRuns: 60, seed, endOnFailure: true },
    );
    const [body = '', sum = ''] = cursor.split('.');
    const forged = Buffer.from(JSON.stringify(['2100-01-01', 'msg_'])).toString('base64url');
    for (const changed of [
      body,
      sum,
      `.${sum}`,
      `${body}.`,
      `${forged}.${sum}`,
      `${cursor}.x`,
      `${cursor}=`,
      `${cursor}A`,
    ])
      await expectRefused(changed, PATH, FILTER);
  });

  test('of another organisation is refused', async () => {
    const cursor = (await page('/v1/messages', { limit: '2' })).body['next_cursor'];
    const { apiKey } = await house.addOrganisation('Toko Sebelah');
    const foreign = await house.request('GET', `/v1/messages?limit=2&cursor=${cursor}`, undefined, {
      authorization: `Bearer ${apiKey}`,
    });
    expectKirimError(foreign, 'invalid_cursor', 'cursor');
  });
});
