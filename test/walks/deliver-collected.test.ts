// Customers' messages that are collected: a body for what a conversation said within the window, in Kapso's shape.
import { expect, test } from 'vitest';

import { startHook, type Heard } from '../support/hook.ts';
import { startHouse, until } from '../support/house.ts';
import { dayTurnedByHand } from '../support/turnable-clock.ts';
import { deliveriesOf, LOOPBACK, settled, subscribe, writes } from '../support/subscriber.ts';

const ANA = '12025550171';
const BUDI = '12025550172';
const KAPSO = { dialect: 'kapso', events: ['message.received', 'message.status'] } as const;

interface Batch {
  type: string;
  batch: boolean;
  data: { message: { from: string; text: { body: string } }; conversation: { id: string } }[];
  batch_info: Record<string, unknown>;
}

function batchesIn(heard: readonly Heard[]): Batch[] {
  return heard
    .filter((one) => one.headers['x-webhook-batch'] === 'true')
    .map((one): Batch => JSON.parse(one.body));
}

function textsIn(batch: Batch | undefined): string[] {
  return (batch?.data ?? []).map((one) => one.message.text.body);
}

test('all that a conversation says within the window goes out as one body; other events at once', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: LOOPBACK, clock });
  await using hook = await startHook();
  const id = await subscribe(house, { ...KAPSO, url: hook.url, buffer: { seconds: 60, max: 50 } });
  await writes(house, ANA, 'one', 'two');
  await writes(house, ANA, 'three');
  await writes(house, BUDI, 'uno');
  // The window of the collected is open while these are told.
  await house.sendText(`+${ANA}`);
  await until('the statuses', async () => hook.heard.length > 0);
  expect(batchesIn(hook.heard)).toEqual([]);
  clock.turn(60_000);
  await settled(house, id);
  const batches = batchesIn(hook.heard).toSorted((a, b) => b.data.length - a.data.length);
  expect(batches.map(textsIn)).toEqual([['one', 'two', 'three'], ['uno']]);
  expect(batches[0]).toMatchObject({
    type: 'whatsapp.message.received',
    batch: true,
    batch_info: {
      size: 3,
      window_ms: 60_000,
      first_sequence: 1,
      last_sequence: 3,
      conversation_id: batches[0]?.data[0]?.conversation.id,
    },
  });
  const sizes = hook.heard.flatMap((one) => one.headers['x-batch-size'] ?? []);
  expect(sizes.toSorted()).toEqual(['1', '3']);
});

test('so many go out at once, however young, and each that comes puts the others off', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: LOOPBACK, clock });
  await using hook = await startHook();
  const id = await subscribe(house, {
    ...KAPSO,
    url: hook.url,
    events: ['message.received'],
    buffer: { seconds: 60, max: 3 },
  });
  await writes(house, ANA, 'one', 'two', 'three', 'four');
  await until('the full ones', async () => hook.heard.length === 1);
  expect(batchesIn(hook.heard).map(textsIn)).toEqual([['one', 'two', 'three']]);
  await until(
    'it is settled',
    async () => (await deliveriesOf(house, id)).filter((row) => row.state === 'succeeded').length === 3,
  );
  clock.turn(59_000);
  await writes(house, ANA, 'five');
  clock.turn(59_000);
  const [line] = await house.ctx.db.query<{ due_at: Date }>('select due_at from delivery_lines');
  expect(line?.due_at.getTime()).toBeGreaterThan(clock.now());
  clock.turn(2_000);
  await settled(house, id);
  expect(batchesIn(hook.heard).map(textsIn)).toEqual([
    ['one', 'two', 'three'],
    ['four', 'five'],
  ]);
});

test('a batch that fails is told again as it was, and what came meanwhile is the next one', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  hook.answer(500);
  const id = await subscribe(house, {
    ...KAPSO,
    url: hook.url,
    events: ['message.received'],
    buffer: { seconds: 1, max: 2 },
  });
  await writes(house, ANA, 'one', 'two');
  await until('three tries', async () => hook.heard.length >= 3);
  await writes(house, ANA, 'three');
  hook.answer(200);
  const rows = await settled(house, id);
  const [first, ...others] = hook.heard;
  const again = others.filter(
    (one) => one.headers['x-idempotency-key'] === first?.headers['x-idempotency-key'],
  );
  expect(again.length).toBeGreaterThanOrEqual(3);
  for (const one of again) expect(one.body).toBe(first?.body);
  expect(textsIn(batchesIn(hook.heard)[0])).toEqual(['one', 'two']);
  expect(textsIn(batchesIn(hook.heard).at(-1))).toEqual(['three']);
  expect(rows.map((row) => row.state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(rows[0]?.tries).toEqual(rows[1]?.tries);
});

test('two nodes: each message in one batch only, the batches of a conversation one after the other', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const id = await subscribe(house, {
    ...KAPSO,
    url: hook.url,
    events: ['message.received'],
    buffer: { seconds: 1, max: 4 },
  });
  const other = await house.addNode({ config: LOOPBACK });
  const texts = Array.from({ length: 18 }, (_, i) => `t${i}`);
  for (const [i, text] of texts.entries()) await writes(i % 2 === 0 ? house : other, ANA, text);
  await settled(house, id);
  expect(batchesIn(hook.heard).flatMap(textsIn)).toEqual(texts);
  for (const batch of batchesIn(hook.heard)) expect(batch.data.length).toBeLessThanOrEqual(4);
});

test('a batch that is dead is one failure, and each of its messages can be replayed by itself', async () => {
  await using house = await startHouse({ config: { ...LOOPBACK, webhookDeadMax: 2 } });
  await using hook = await startHook();
  hook.answer(400);
  const id = await subscribe(house, {
    ...KAPSO,
    url: hook.url,
    events: ['message.received'],
    buffer: { seconds: 1, max: 3 },
  });
  await writes(house, ANA, 'one', 'two', 'three');
  const rows = await settled(house, id);
  expect(rows.map((row) => row.state)).toEqual(['dead', 'dead', 'dead']);
  hook.answer(200);
  const replay = await house.request('POST', `/v1/webhook_deliveries/${rows[1]?.id}/replay`);
  expect(replay.status).toBe(200);
  await until('it is told', async () => hook.heard.length === 2);
  expect(JSON.parse(hook.heard[1]?.body ?? '')).toMatchObject({
    message: { text: { body: expect.stringMatching(/^(one|two|three)$/) } },
  });
  expect(hook.heard[1]?.headers).not.toHaveProperty('x-webhook-batch');
});
