// What one node is told and another must know: that Meta finds a number too fast, how much is queued.
import { expect, test } from 'vitest';

import { listening } from '../support/acquaint.ts';
import { until } from '../support/house.ts';
import { comesTo, post, QUIET, show } from '../support/lost-answer.ts';
import { tellStatuses } from '../support/meta-webhook.ts';
import { startVirtualHouse } from '../support/virtual-house.ts';

const TO = '+12025550120';

test.each([
  ['130429, the number’s throughput', 130_429],
  ['80007, the account’s rate', 80_007],
  ['131056, the pair rate', 131_056],
])('a failure told to the other node slows the lane: %s', async (_what, code) => {
  await using house = await startVirtualHouse({ simulator: QUIET, pace: 1_000 });
  const other = await house.addVirtualNode();
  await until('both to listen', async () => (await listening(house)).length === 2);
  await house.pass(4_000);
  const first = await comesTo(house, await post(house, TO), 'accepted');
  await tellStatuses(other, { wamid: first.message_id, status: 'failed', code });
  // How soon the word comes is the network's: one of the next does not leave. Fewer than the burst to one recipient.
  const slowed = async (): Promise<boolean> => {
    for (let i = 0; i < 40; i++) {
      await house.pass(10);
      const next = await post(house, TO);
      await house.still();
      if ((await show(house, next)).status === 'queued') return true;
    }
    return false;
  };
  expect(await slowed()).toBe(true);
  await house.pass(10_000);
  await until('all of them to be at Meta', async () => {
    const rows = await house.ctx.db.query(`select from message_states where state = 'queued'`);
    return rows.length === 0;
  });
});

test('a queue longer than the wait is not waited for at the node either that does not drive the number', async () => {
  await using house = await startVirtualHouse({ simulator: QUIET, pace: 1 });
  const other = await house.addVirtualNode();
  const bulk = { 'kurir-priority': 'bulk' };
  for (let i = 0; i < 100; i++)
    await house.sendText(`+1202555${2_000 + i}`, 'in bulk', { ...bulk, prefer: 'respond-async' });
  // Written down by the owner, and then read by the other.
  for (let beats = 0; beats < 3; beats++) await house.pass(4_000);
  // Had it waited for its turn, in a time that stands still, the test would not end.
  const reply = await other.sendText(TO, 'late', { ...bulk, prefer: 'wait=60' });
  expect(reply.body.data.status).toBe('queued');
});
