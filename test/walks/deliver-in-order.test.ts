// Subscriptions that ask for it hear of each conversation in order, one thing after the other, whatever goes wrong on the way; other
// conversations are never held up.
import { expect, test } from 'vitest';

import { newId, type SubscriptionId } from '../../src/kernel/ids.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Queryable } from '../../src/storage/db.ts';
import { selectStanding, takeLines } from '../../src/webhooks/line-store.ts';
import { startHook, type Heard } from '../support/hook.ts';
import { startHouse, until, type House } from '../support/house.ts';
import {
  deliveriesOf,
  LOOPBACK,
  organisationOf,
  settled,
  subscribe,
  textsIn,
  writes,
} from '../support/subscriber.ts';

const ANA = '12025550171';
const BUDI = '12025550172';

function textsOf(heard: readonly Heard[], from: string): string[] {
  return heard.filter((one) => one.body.includes(from)).flatMap(textsIn);
}

test('in order over retries: nothing is told before what stands before it was taken', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  let refusals = 3;
  hook.answer((_request, response, heard) => {
    const fails = heard.body.includes('"two"') && refusals-- > 0;
    response.writeHead(fails ? 500 : 200).end();
  });
  const id = await subscribe(house, { url: hook.url, ordered: true });
  await writes(house, ANA, 'one', 'two', 'three');
  await writes(house, ANA, 'four');
  await settled(house, id);
  expect(textsOf(hook.heard, ANA)).toEqual(['one', 'two', 'two', 'two', 'two', 'three', 'four']);
});

test('what is dead lets the next one go', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  hook.answer(
    (_request, response, heard) => void response.writeHead(heard.body.includes('"one"') ? 400 : 200).end(),
  );
  const id = await subscribe(house, { url: hook.url, ordered: true });
  await writes(house, ANA, 'one', 'two');
  expect((await settled(house, id)).map((row) => row.state).toSorted()).toEqual(['dead', 'succeeded']);
  expect(textsOf(hook.heard, ANA)).toEqual(['one', 'two']);
});

test('a conversation that is stuck holds up no other', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const stuck: (() => void)[] = [];
  hook.answer((_request, response, heard) => {
    if (heard.body.includes(ANA)) stuck.push(() => response.writeHead(200).end());
    else response.writeHead(200).end();
  });
  const id = await subscribe(house, { url: hook.url, ordered: true });
  await writes(house, ANA, 'one', 'two');
  await writes(house, BUDI, 'uno', 'dos', 'tres');
  await until('all of the other', async () => textsOf(hook.heard, BUDI).length === 3);
  expect(textsOf(hook.heard, BUDI)).toEqual(['uno', 'dos', 'tres']);
  expect(textsOf(hook.heard, ANA)).toEqual(['one']);
  hook.answer(200);
  for (const letGo of stuck) letGo();
  await settled(house, id);
  expect(textsOf(hook.heard, ANA)).toEqual(['one', 'two']);
});

test('two nodes: one after the other, each once, whichever of them takes it', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  let now = 0;
  let most = 0;
  hook.answer((_request, response) => {
    most = Math.max(most, ++now);
    setImmediate(() => {
      now--;
      response.writeHead(200).end();
    });
  });
  const id = await subscribe(house, { url: hook.url, ordered: true });
  const other = await house.addNode({ config: LOOPBACK });
  const texts = Array.from({ length: 20 }, (_, i) => `t${i}`);
  for (const [i, text] of texts.entries()) await writes(i % 2 === 0 ? house : other, ANA, text);
  await settled(house, id);
  expect(textsOf(hook.heard, ANA)).toEqual(texts);
  expect(most).toBe(1);
});

test('what a node had in hand when it died is told by another when its lease ends, and then the rest', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const id = await subscribe(house, { url: hook.url, ordered: true });
  await house.gateway.webhooks.change(organisationOf(house), id, { status: 'paused' });
  await writes(house, ANA, 'one', 'two');
  const now = Date.now();
  const subscriptions = [{ organisationId: house.organisationId, id, room: 10 }];
  // By a node that is never heard of again.
  expect(
    await takeLines(house.ctx.db, { subscriptions, now, leaseUntil: now + 45_000, holder: 0 }),
  ).toHaveLength(1);
  await house.gateway.webhooks.change(organisationOf(house), id, { status: 'active' });
  await writes(house, ANA, 'three');
  // Who joins the line does not take it out of the hands that hold it.
  expect(await house.ctx.db.query('select due_at from delivery_lines')).toEqual([
    { due_at: new Date(now + 45_000) },
  ]);
  const later = { ...systemClock, now: () => Date.now() + 60_000 };
  await house.addNode({ config: LOOPBACK, clock: later });
  await settled(house, id);
  expect(textsOf(hook.heard, ANA)).toEqual(['one', 'two', 'three']);
});

test('what was written down, but for its line, is not told again when the lease ends', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const id = await subscribe(house, { url: hook.url, ordered: true });
  const { db } = house.ctx;
  const died = 'update delivery_lines set over_turn = 0, taken_turn = 0, due_at = now()';
  await writes(house, ANA, 'one');
  await settled(house, id);
  await db.query(died);
  await house.restart();
  await until('nobody stands in it', async () => {
    const [line] = await db.query<{ due_at: Date | null }>('select due_at from delivery_lines');
    return line?.due_at === null;
  });
  await db.query(died);
  await writes(house, ANA, 'two', 'three');
  await settled(house, id);
  expect(textsOf(hook.heard, ANA)).toEqual(['one', 'two', 'three']);
});

test('a stop gives back what was in hand, and another node goes on in order', async () => {
  await using house = await startHouse({ config: { ...LOOPBACK, shutdownMs: 3_100 } });
  await using hook = await startHook();
  hook.answer(() => undefined);
  const id = await subscribe(house, { url: hook.url, ordered: true });
  const other = await house.addNode({ config: LOOPBACK });
  await writes(house, ANA, 'one', 'two');
  await until('the first is on its way', async () => hook.heard.length === 1);
  hook.answer(200);
  await house.gateway.close();
  await until('all of it', async () => {
    await other.gateway.tick();
    return (await deliveriesOf(house, id)).every((row) => row.state === 'succeeded');
  });
  expect(textsOf(hook.heard, ANA).slice(-2)).toEqual(['one', 'two']);
});

test('fifty thousand waiting behind a thousand that are stuck are not looked through', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  const { db } = house.ctx;
  const id = newId('wbs', Date.now());
  await db.query(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, conversation, turn, state)
     select $1, 'wbd_' || g, $2, 'evt_' || g, 'kirim', 'message.received', now(), now(), g % 1000, g / 1000 + 1, 'pending' from generate_series(0, 49999) g`,
    [house.organisationId, id],
  );
  await db.query(
    `insert into delivery_lines (organisation_id, subscription_id, conversation, wait_ms, full_at, last_turn, taken_turn, due_at, joined_at)
     select $1, $2, g, 0, 1, 50, 0, now() + interval '45 seconds', now() from generate_series(0, 999) g`,
    [house.organisationId, id],
  );
  await db.query('analyze delivery_lines');
  await db.query('analyze deliveries');
  expect(await rowsLookedAt(house, id)).toBe(0);
  await db.query(`update delivery_lines set due_at = now() where conversation in ('7', '8')`);
  // The two that may go, found, locked and taken; and their first deliveries: nothing of what waits behind them.
  expect(await rowsLookedAt(house, id)).toBeLessThan(20);
});

/** How many rows a look into the lines of a subscription reads, all scans together: on a hot connection, as the deliverer does. */
async function rowsLookedAt(
  house: Pick<House, 'ctx' | 'organisationId'>,
  id: SubscriptionId,
): Promise<number> {
  let looked = 0;
  const explaining: Queryable = {
    async query(text, values) {
      return house.ctx.db.hotTransaction(async (tx) => {
        const plan = await tx.query<{ 'QUERY PLAN': string }>(`explain (analyze) ${text}`, values);
        for (const { 'QUERY PLAN': line } of plan) looked += rowsOf(line);
        return [];
      });
    },
  };
  const now = Date.now();
  const subscriptions = [{ organisationId: house.organisationId, id, room: 200 }];
  await takeLines(explaining, { subscriptions, now, leaseUntil: now + 45_000, holder: 0 });
  const held = await house.ctx.db.query<{ conversation: string }>(
    'select conversation from delivery_lines where due_at < now()',
  );
  await selectStanding(
    explaining,
    held.map(({ conversation }) => ({
      ...HELD,
      ...subscriptions[0],
      organisationId: organisationOf(house),
      subscriptionId: id,
      conversation,
    })),
  );
  return looked;
}

const HELD = { waitMs: 0, fullAt: 1, overTurn: 0, lastTurn: 50, takenTurn: null, leaseUntil: 0 };

function rowsOf(line: string): number {
  const [, rows = 0, loops = 0] =
    /(?:Scan using|Seq Scan|Heap Scan) .*actual time=\S+ rows=(\S+) loops=(\d+)/.exec(line) ?? [];
  const [, removed = 0] = /Rows Removed by Filter: (\d+)/.exec(line) ?? [];
  return Number(rows) * Number(loops) + Number(removed);
}
