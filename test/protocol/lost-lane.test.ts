// A node that has lost its lane and does not know it yet: what it accepts is the new owner's to send, and it can do nothing that keeps the
// new owner from it.
import { expect, test } from 'vitest';

import { systemClock } from '../../src/kernel/clock.ts';
import { startHouse, until } from '../support/house.ts';
import { turnableClock } from '../support/turnable-clock.ts';

const TO = '+12025550120';

test('what a former owner accepts is sent by the new one, also if the former owner has tried it first', async () => {
  // Its clock stands still: it does not look again, nor does its heartbeat tell it anything.
  await using house = await startHouse({
    clock: turnableClock(Date.now()),
    simulator: { windowEnforced: false },
  });
  const next = await house.addNode({ clock: systemClock });
  await house.ctx.db.query("update nodes set seen_at = seen_at - interval '1 minute' where id <> $1", [
    next.id,
  ]);
  await next.gateway.beat();
  const sent = await house.sendText(TO, 'Halo', { prefer: 'respond-async' });
  expect(sent.body.data.status, sent.text).toBe('queued');
  await until('the message at Meta', async () => {
    const arrived = house.simulator.control.messages({ to: TO.slice(1), direction: 'outbound' });
    return arrived.length === 1;
  });
});
