// Several updates in one POST: in the order asked for, so many times, signed or forged.
import type { Random } from '../src/kernel/random.ts';
import type { Order, Update } from './envelope.ts';
import type { PushManner } from './push.ts';
import type { Simulation } from './simulation.ts';

export interface Together extends Pick<PushManner, 'layout' | 'forged'> {
  order: Order;
  /** How often the same POST comes. */
  times: number;
}

export function postTogether(
  sim: Simulation,
  updates: readonly Update[],
  { order, times, ...manner }: Together,
): void {
  const ordered = inOrder(updates, order, sim.random);
  for (let i = 0; i < times; i++) sim.push.postTogether(ordered, manner);
}

export function inOrder<Item>(items: readonly Item[], order: Order, random: Random): Item[] {
  if (order === 'given') return [...items];
  if (order === 'reversed') return items.toReversed();
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
