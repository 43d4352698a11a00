// An outlet: what this node has in hand for one subscription. Each has its own line and its own limit, so that a dead endpoint fills
// nothing but its own.
import type { SubscriptionId } from '../kernel/ids.ts';
import type { Job } from './delivery.ts';
import { lineName } from './line-store.ts';

/** Tries under way at once, while all is well. */
export const TRIES_AT_ONCE = 32;
/** After so many failures in a row only one try goes out at a time: enough to notice that the endpoint is back. */
const FAILURES_TO_PROBE = 5;
/** What is held in memory, or being written down, besides what is under way. */
const HELD_MAX = 200;

export interface Outlet {
  id: SubscriptionId;
  held: Job[];
  underWay: number;
  /** Answered, and being written down. */
  settling: number;
  failuresInARow: number;
  /** When the table may have something for it; wall clock. */
  lookAt: number;
  /** A look into the table is under way. */
  looking: boolean;
}

function createOutlet(id: SubscriptionId): Outlet {
  return { id, held: [], underWay: 0, settling: 0, failuresInARow: 0, lookAt: 0, looking: false };
}

/** Tries that may begin now. */
export function freeTries(outlet: Outlet): number {
  const most = outlet.failuresInARow >= FAILURES_TO_PROBE ? 1 : TRIES_AT_ONCE;
  return Math.max(0, most - outlet.underWay);
}

/** Deliveries that may be handed to it. One that fails takes only what it can try at once. */
export function roomOf(outlet: Outlet): number {
  if (outlet.failuresInARow >= FAILURES_TO_PROBE) return Math.max(0, freeTries(outlet) - outlet.held.length);
  return Math.max(0, HELD_MAX - outlet.held.length - outlet.settling);
}

/** All outlets of a node, and what it has in hand: held, or under way. */
export interface Outlets {
  of(id: SubscriptionId): Outlet;
  find(id: SubscriptionId): Outlet | undefined;
  all(): Outlet[];
  hold(job: Job): void;
  /** It is over, or another one's. */
  drop(job: Job): void;
  /** Deliveries and lines, by what the table calls them. */
  inHand(): string[];
  /** Takes away what is held and not under way. */
  empty(): Job[];
  /** Those of subscriptions that are gone. */
  forget(isGone: (id: SubscriptionId) => boolean): void;
}

export function createOutlets(): Outlets {
  const outlets = new Map<SubscriptionId, Outlet>();
  const inHand = new Set<string>();
  function of(id: SubscriptionId): Outlet {
    let outlet = outlets.get(id);
    if (!outlet) outlets.set(id, (outlet = createOutlet(id)));
    return outlet;
  }
  function drop(job: Job): void {
    for (const name of namesOf(job)) inHand.delete(name);
  }
  return {
    of,
    find: (id) => outlets.get(id),
    all: () => [...outlets.values()],
    hold(job) {
      for (const name of namesOf(job)) inHand.add(name);
      of(job.subscriptionId).held.push(job);
    },
    drop,
    inHand: () => [...inHand],
    empty: () => [...outlets.values()].flatMap((outlet) => outlet.held.splice(0)),
    forget(isGone) {
      for (const [id, outlet] of outlets) {
        if (!isGone(id) || outlet.underWay + outlet.settling > 0) continue;
        outlet.held.splice(0).forEach(drop);
        outlets.delete(id);
      }
    },
  };
}

function namesOf({ rows, subscriptionId, line }: Job): string[] {
  return line ? [lineName({ subscriptionId, ...line })] : rows.map((row) => row.id);
}
