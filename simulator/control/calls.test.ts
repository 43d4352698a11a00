// Reading what a simulator was sent: page by page, call by call, summed up by number. And that it forgets the oldest.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../simulator.ts';
import { control, NUMBER, send, sendText, wamidOf } from '../testing/client.ts';
import { leastWithin, mostWithin } from './calls.ts';

const unlimited = { windowEnforced: false, pairLimit: null, throughputPerSecond: null };

async function pages(simulator: Simulator, query: string): Promise<{ seq: number; to: string }[]> {
  const all: { seq: number; to: string }[] = [];
  for (let after: number | null = 0; after !== null;) {
    const { json } = await control(simulator, `GET /messages?after=${after}&${query}`);
    all.push(...(json['data'] as typeof all));
    after = json['next'] as number | null;
  }
  return all;
}

test('messages page by page: each once, in the order they came', async () => {
  await using simulator = await startSimulator(unlimited);
  const to = (i: number): string => String(628_110_001_000 + (i % 7));
  for (let i = 0; i < 30; i++) {
    await Promise.all(Array.from({ length: 10 }, (_, j) => sendText(simulator, to(i * 10 + j))));
  }
  const all = await pages(simulator, 'limit=64');
  expect(all.map((one) => one.seq)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  const some = await pages(simulator, `limit=9&to=${to(3)}`);
  expect(some.map((one) => one.seq)).toEqual(all.filter((one) => one.to === to(3)).map((one) => one.seq));
  const beyond = await control(simulator, 'GET /messages?after=300');
  expect(beyond.json).toEqual({ data: [], next: null });
});

test('the oldest messages are forgotten, and a reader goes on with those that are left', async () => {
  await using simulator = await startSimulator({ ...unlimited, keepMessages: 20 });
  for (let i = 0; i < 50; i++) await sendText(simulator, i % 2 === 0 ? '628111111111' : '628222222222');
  const numbers = (await pages(simulator, 'limit=7')).map((one) => one.seq);
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => i + 31));
  const seqs = simulator.control.messages({ to: '628111111111' }).map((one) => one.seq);
  expect(seqs).toEqual([31, 33, 35, 37, 39, 41, 43, 45, 47, 49]);
});

test('each call to send, with the time it was under way and what became of it', async () => {
  await using simulator = await startSimulator({ ...unlimited, latencyMs: 20 });
  const wamid = wamidOf(await send(simulator, { text: { body: 'x' }, biz_opaque_callback_data: 'k1.a' }));
  simulator.control.putFault({ effect: { kind: 'rate_limit', bucket: 'throughput' }, times: 1 });
  await sendText(simulator);
  simulator.control.putFault({ effect: { kind: 'lost_answer', how: 'reset' }, times: 1 });
  await expect(sendText(simulator)).rejects.toThrow('fetch failed');
  const { data } = (await control(simulator, 'GET /calls?limit=2')).json;
  expect(data).toMatchObject([
    { seq: 1, phone_number_id: NUMBER, to: '628111111111', biz_opaque_callback_data: 'k1.a', id: wamid },
    { seq: 2, answer: 400, code: 130429 },
  ]);
  const [first] = data as { arrived_ms: number; ended_ms: number }[];
  // A timer of 20 ms may end a fraction earlier by the clock.
  expect((first?.ended_ms ?? 0) - (first?.arrived_ms ?? 0)).toBeGreaterThanOrEqual(19);
  const [, , lost] = simulator.control.calls();
  expect(lost).toMatchObject({ seq: 3, answer: 'reset', id: simulator.control.messages({}, 1)[0]?.id });
  expect(simulator.control.calls(2).map((one) => one.seq)).toEqual([3]);
});

test('statistics of a number: the pace that arrived, refusals by code, calls that overlapped', async () => {
  await using simulator = await startSimulator(unlimited);
  simulator.control.putFault({
    effect: { kind: 'rate_limit', bucket: 'pair' },
    match: { to: '628222222222' },
  });
  await sendText(simulator);
  await sendText(simulator, '628222222222');
  simulator.control.putFault({ effect: { kind: 'delay', ms: 100 }, match: { to: '628111111111' } });
  await Promise.all([sendText(simulator), sendText(simulator), sendText(simulator, '628333333333')]);
  const [all] = simulator.control.statistics();
  expect(all).toMatchObject({
    phone_number_id: NUMBER,
    calls: 5,
    most_in_1s: 5,
    least_in_10s: null,
    overlapping: 1,
    answers: { 200: 4, 400: 1 },
    codes: { 131056: 1 },
  });
  const first = all?.first_ms ?? 0;
  const later = await control(simulator, `GET /statistics?from=${first}&to=${first + 20_000}`);
  expect(later.json['data']).toMatchObject([{ calls: 5, least_in_10s: 0 }]);
  expect(simulator.control.statistics({ from: String(first + 60_000) })).toEqual([]);
});

const moments = fc
  .array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
  .map((all) => all.toSorted((one, other) => one - other));

test('the most and the fewest in any window are those of the windows counted one by one', () => {
  fc.assert(
    fc.property(moments, fc.integer({ min: 1, max: 30 }), (all, ms) => {
      const counts = (from: number, to: number): number[] =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i).map(
          (begin) => all.filter((one) => one >= begin && one < begin + ms).length,
        );
      expect(mostWithin(all, ms)).toBe(Math.max(...counts(-30, 60)));
      expect(leastWithin(all, ms, { from: 10, to: 50 })).toBe(Math.min(...counts(10, 51 - ms)));
    }),
  );
  expect(leastWithin([1, 2], 10, { from: 0, to: 9 })).toBe(null);
});
