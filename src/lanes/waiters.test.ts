// Those who wait for the same message on two nodes: what one node is told, the other need not look for.
import { expect, test } from 'vitest';

import { systemClock, type Clock } from '../kernel/clock.ts';
import { createWaiters, type News, type Waiters } from './waiters.ts';

const NEVER_LOOKS: Clock = { ...systemClock, after: () => ({ cancel: () => undefined }) };
const PENDING: News = { state: 'pending', mayHaveLeft: true, wamid: 'wamid.1', failure: null };
const MESSAGE = { organisationId: 'org_1' as const, id: 'msg_1', ours: true, repeated: false };

/** Two nodes that hear each other's hints at once. */
function twoNodes(): [Waiters, Waiters] {
  const readNews = async () => new Map([[MESSAGE.id, PENDING]]);
  const node = (other: () => Waiters): Waiters =>
    createWaiters(NEVER_LOOKS, {
      readNews,
      tellElsewhere: (id) => other().look([id]),
      askElsewhere: (id) => other().share([id]),
    });
  const first = node(() => second);
  const second = node(() => first);
  return [first, second];
}

const toTheEnd = (waiters: Waiters, repeated: boolean) =>
  waiters.wait({ ...MESSAGE, repeated }, () => true, 1_000);

test('a repeat is answered with the first call that waits on the node that is told', async () => {
  const [owner, other] = twoNodes();
  const waiting = [toTheEnd(owner, false), toTheEnd(other, true)];
  owner.tell(MESSAGE.id, { ...PENDING, firstAnswer: 'pending' });
  expect(await Promise.all(waiting)).toMatchObject([PENDING, PENDING]);
});

test('a first call is answered with its repeat that waits on the node that is told', async () => {
  const [owner, other] = twoNodes();
  const waiting = [toTheEnd(other, false), toTheEnd(owner, true)];
  owner.tell(MESSAGE.id, { ...PENDING, firstAnswer: 'pending' });
  expect(await Promise.all(waiting)).toMatchObject([PENDING, PENDING]);
});
