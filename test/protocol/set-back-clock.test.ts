// A machine whose time of day is set back: pace is kept by a clock that never goes back, and what stands in the queue since it was accepted
// does not wait for that moment to come again.
import { expect, test } from 'vitest';

import { atMeta, MINUTE, post, QUIET, SECOND } from '../support/lost-answer.ts';
import { startVirtualHouse } from '../support/virtual-house.ts';

test('a clock that is set back by an hour stops no queue', async () => {
  await using house = await startVirtualHouse({ pace: 20, simulator: QUIET });
  const customers = Array.from({ length: 12 }, (_, i) => `+120255501${20 + i}`);
  for (const customer of customers.slice(0, 6)) await post(house, customer, 'before');
  house.node.clock.setBack(60 * MINUTE);
  for (const customer of customers) await post(house, customer, 'after');
  // A turn at a time: what one step sets off has happened before the next.
  for (let i = 0; i < 60; i++) await house.pass(SECOND);
  expect(customers.map((customer) => atMeta(house, customer))).toEqual(
    customers.map((_, i) => (i < 6 ? ['before', 'after'] : ['after'])),
  );
});
