// Batches whose tries are all used up: what they held is told once more, each by itself.
import { expect, test, vi } from 'vitest';

import { createLog } from '../../src/kernel/log.ts';
import { startHook, type Heard, type Hook } from '../support/hook.ts';
import { startHouse, until, type House } from '../support/house.ts';
import {
  deliveriesOf,
  LOOPBACK,
  settled,
  subscribe,
  textsIn,
  writes,
  type DeliveryRow,
} from '../support/subscriber.ts';

const ANA = '12025550171';
/** Eight tries within two seconds. */
const QUICK = { ...LOOPBACK, webhookRetryScale: 100_000 };

function isBatch({ headers }: Pick<Heard, 'headers'>): boolean {
  return headers['x-webhook-batch'] === 'true';
}

function collecting(house: House, hook: Hook, about: { ordered?: boolean } = {}) {
  const buffer = { seconds: 1, max: 3 };
  return subscribe(house, {
    url: hook.url,
    dialect: 'kapso',
    events: ['message.received'],
    buffer,
    ...about,
  });
}

const ORDER = ['one', 'two', 'three'];

/** Answers batches with one status, and what comes singly by its text. */
function moody(hook: Hook, batch: number, single: (text: string) => number): void {
  hook.answer((_request, response, heard) => {
    const [text = ''] = textsIn(heard);
    response.writeHead(isBatch(heard) ? batch : single(text)).end();
  });
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** The batch's own rows, and those of what it held. */
function apart(rows: readonly DeliveryRow[]): { batch: DeliveryRow[]; singles: DeliveryRow[] } {
  const singles = rows.filter((row) => row.replayed_from !== null);
  return { batch: rows.filter((row) => row.replayed_from === null), singles };
}

test('a batch that nobody takes is dead, and each of its messages is told once more by itself, in a plain body', async () => {
  await using house = await startHouse({ config: QUICK });
  await using hook = await startHook();
  moody(hook, 500, (text) => (text === 'two' ? 500 : 200));
  const id = await collecting(house, hook);
  await writes(house, ANA, 'one', 'two', 'three');
  const { batch, singles } = apart(await settled(house, id));
  expect(batch.map((row) => [row.state, row.attempt])).toEqual([
    ['dead', 8],
    ['dead', 8],
    ['dead', 8],
  ]);
  // With tries of their own, and without falling back again.
  expect(singles.map((row) => `${row.state} ${row.attempt}`).toSorted(byText)).toEqual([
    'dead 8',
    'succeeded 1',
    'succeeded 1',
  ]);
  expect(new Set(singles.map((row) => row.replayed_from))).toEqual(new Set(batch.map((row) => row.id)));
  expect(hook.heard.filter(isBatch)).toHaveLength(8);
  const plain = hook.heard.filter((one) => !isBatch(one));
  expect(plain).toHaveLength(10);
  for (const one of plain) {
    expect(one.headers).not.toHaveProperty('x-batch-size');
    expect(Object.keys(JSON.parse(one.body))).toContain('message');
  }
  const keys = new Set(hook.heard.map((one) => one.headers['x-idempotency-key']));
  expect(keys.size).toBe(4);
});

test('what is told singly does not count against its subscription: the death of the batch did', async () => {
  await using house = await startHouse({ config: { ...QUICK, webhookDeadMax: 2 } });
  await using hook = await startHook();
  moody(hook, 500, () => 400);
  const id = await collecting(house, hook);
  await writes(house, ANA, 'one', 'two', 'three');
  const { singles } = apart(await settled(house, id));
  expect(singles.map((row) => row.state)).toEqual(['dead', 'dead', 'dead']);
  const shown = await house.request('GET', `/v1/webhook_subscriptions/${id}`);
  expect(shown.body.data).toMatchObject({ status: 'active', dead_in_a_row: 1 });
});

test('where order is asked for they come one after the other, and what came after the batch does not wait for them', async () => {
  await using house = await startHouse({ config: QUICK });
  await using hook = await startHook();
  let isNextHeard = false;
  let refusals = 3;
  hook.answer((_request, response, heard) => {
    const [text] = textsIn(heard);
    isNextHeard ||= isBatch(heard) && text === 'four';
    const fails = isBatch(heard) ? text === 'one' : !isNextHeard || (text === 'one' && refusals-- > 0);
    response.writeHead(fails ? 500 : 200).end();
  });
  const id = await collecting(house, hook, { ordered: true });
  await writes(house, ANA, 'one', 'two', 'three');
  await until('the first try', async () => hook.heard.length > 0);
  await writes(house, ANA, 'four', 'five', 'six');
  const { singles } = apart(await settled(house, id));
  expect(singles.map((row) => row.state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  const singly = hook.heard.filter((one) => !isBatch(one)).flatMap(textsIn);
  expect(singly.toSorted((x, y) => ORDER.indexOf(x) - ORDER.indexOf(y))).toEqual(singly);
  expect(new Set(singly)).toEqual(new Set(ORDER));
});

test('a batch dies only together with what follows it, and once', async () => {
  const log = createLog('silent');
  const said = (['warn', 'error'] as const).map((level) => vi.spyOn(log, level));
  await using house = await startHouse({ config: QUICK, log });
  await using hook = await startHook();
  moody(hook, 500, () => 200);
  const id = await collecting(house, hook);
  await house.ctx.db.query('alter table deliveries add constraint none_again check (replayed_from is null)');
  await writes(house, ANA, 'one', 'two');
  await until('it cannot be written down, twice', async () => {
    const calls = said.flatMap((spy) => spy.mock.calls).map((call) => JSON.stringify(call));
    return calls.filter((call) => call.includes('could not be recorded')).length >= 2;
  });
  expect((await deliveriesOf(house, id)).map((row) => [row.state, row.attempt])).toEqual([
    ['pending', 7],
    ['pending', 7],
  ]);
  await house.ctx.db.query('alter table deliveries drop constraint none_again');
  const { batch, singles } = apart(await settled(house, id));
  expect(batch.map((row) => row.state)).toEqual(['dead', 'dead']);
  expect(singles.map((row) => row.state)).toEqual(['succeeded', 'succeeded']);
});
