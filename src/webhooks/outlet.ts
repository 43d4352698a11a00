// An outlet: what this node has in hand for one subscription. Each has its own line and its own limit, so that a dead endpoint fills
// nothing but its own.
import type { SubscriptionId } from '../kernel/ids.ts';
import type { Job } from './delivery.ts';

/** Tries under way at once, while all is well. */
export const TRIES_AT_ONCE = 32;
/** After so many failures in a row only one try goes out at a time: enough to notice that the endpoint is back. */
const FAILURES_TO_PROBE = 5;
/** What is held in memory besides what is under way. */
const HELD_MAX = 200;

export interface Outlet {
  id: SubscriptionId;
  held: Job[];
  underWay: number;
  failuresInARow: number;
  /** When the table may have something for it; wall clock. */
  lookAt: number;
  /** A look into the table is under way. */
  looking: boolean;
}

export function createOutlet(id: SubscriptionId): Outlet {
  return { id, held: [], underWay: 0, failuresInARow: 0, lookAt: 0, looking: false };
}

/** Tries that may begin now. */
export function freeTries(outlet: Outlet): number {
  const most = outlet.failuresInARow >= FAILURES_TO_PROBE ? 1 : TRIES_AT_ONCE;
  return Math.max(0, most - outlet.underWay);
}

/** Deliveries that may be handed to it. One that fails takes only what it can try at once. */
export function roomOf(outlet: Outlet): number {
  if (outlet.failuresInARow >= FAILURES_TO_PROBE) return Math.max(0, freeTries(outlet) - outlet.held.length);
  return Math.max(0, HELD_MAX - outlet.held.length);
}
