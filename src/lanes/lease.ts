// The lease: which lanes this node owns, under which epoch, and whether it may call Meta for one right now.
//
// One heartbeat every 3 s. A node stops calling 10 s after its last heartbeat, counted from before that heartbeat was sent,
// by the monotonic clock and by the wall clock (monotonic clocks may stand still in a suspended machine); others take its
// lanes after 15 s of silence. When a heartbeat came late, the node takes its lanes anew (epoch + 1) before it calls again:
// a takeover may have seen them free, and what it had committed but not called must not leave under the old epoch.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { beat, countLanes, leaveLanes, takeFreeLanes, takeLanesAnew, type HeldLane } from './lane-store.ts';

export type { HeldLane } from './lane-store.ts';

export interface LeaseEvents {
  /** Lanes that were another's, nobody's, or ours before a restart. */
  onTaken: (lanes: HeldLane[]) => Promise<void>;
  /** Our own lanes under a new epoch: what was not called is to be queued again, what is being called goes on. */
  onAnew: (lanes: HeldLane[], former: ReadonlyMap<string, number>) => Promise<void>;
  onLost: (phoneNumberIds: string[]) => void;
}

export interface Lease {
  /** The epoch under which this node owns the lane, if it does. */
  epochOf(phoneNumberId: string): number | undefined;
  /** Whether a call under this epoch may be handed to the socket in this very step. */
  mayCall(phoneNumberId: string, epoch: number): boolean;
  /** One heartbeat, and what follows from it. Public so that a test can beat by hand. */
  beat(): Promise<void>;
  /** The answer to a COMMIT was lost: own lanes are taken anew before anything else is called. */
  renew(): Promise<void>;
  /** Whether the last heartbeat is recent: the database takes what we write. */
  isFresh(): boolean;
  start(): Promise<void>;
  /** Stops the heartbeat and gives the lanes up. */
  stop(): Promise<void>;
}

export function createLease(ctx: Context, nodeId: string, events: LeaseEvents): Lease {
  const { heartbeatMs, callWithinMs, leaseMs } = ctx.config.times;
  const leaseSeconds = leaseMs / 1_000;
  const held = new Map<string, number>();
  /** The epochs held before lanes were taken anew, as long as what followed from it has not been done. */
  let former = new Map<string, number>();
  let beatAt = { monotonic: -Infinity, wall: -Infinity };
  let late = false;
  let renewals = 0;
  let first = true;
  /** The table names us for no other lanes than we hold: every answer of the last heartbeat has come. */
  let sure = false;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let beating: Timer | undefined;

  const fresh = (at: { monotonic: number; wall: number }): boolean =>
    ctx.clock.monotonic() - at.monotonic < callWithinMs && Math.abs(ctx.clock.now() - at.wall) < callWithinMs;

  async function anew(): Promise<void> {
    const asked = renewals;
    const before = new Map(held);
    const kept = await takeLanesAnew(ctx.db, nodeId, before);
    // Not done yet: what was not called under an epoch before this one, either.
    former = new Map([...before, ...former]);
    held.clear();
    for (const lane of kept) held.set(lane.phoneNumberId, lane.epoch);
    const lost = [...before.keys()].filter((id) => !held.has(id));
    for (const id of lost) former.delete(id);
    if (lost.length > 0) events.onLost(lost);
    await events.onAnew(kept, former);
    former = new Map();
    // Asked for again meanwhile: an answer was lost after we had looked.
    late = renewals !== asked;
  }

  async function once(): Promise<void> {
    const sent = { monotonic: ctx.clock.monotonic(), wall: ctx.clock.now() };
    const wasSure = sure;
    sure = false;
    await beat(ctx.db, nodeId, leaseSeconds);
    // Judged by when it was answered: one that was sent in time may have arrived after a takeover.
    if (!first && !fresh(beatAt)) late = true;
    const unsure = late || !wasSure;
    if (late) await anew();
    beatAt = sent;
    const taken = await takeFreeLanes(ctx.db, nodeId, { leaseSeconds, held: unsure ? held : undefined });
    first = false;
    sure = true;
    for (const lane of taken) held.set(lane.phoneNumberId, lane.epoch);
    if (taken.length > 0) await events.onTaken(taken);
  }

  const lease: Lease = {
    epochOf: (phoneNumberId) => held.get(phoneNumberId),
    mayCall: (phoneNumberId, epoch) =>
      !late && !stopped && held.get(phoneNumberId) === epoch && fresh(beatAt),
    // One after the other: a slow heartbeat must not be overtaken by the next.
    beat: () => (running = running.then(once, once)),
    renew() {
      late = true;
      renewals++;
      return lease.beat();
    },
    isFresh: () => fresh(beatAt),
    async start() {
      await lease.beat();
      beating = keepBeating(ctx, heartbeatMs, lease.beat);
    },
    async stop() {
      stopped = true;
      beating?.cancel();
      await running.catch(() => undefined);
      await leaveLanes(ctx.db, nodeId, held).catch(() => undefined);
      held.clear();
    },
  };
  return lease;
}

function keepBeating(ctx: Context, everyMs: number, beat: () => Promise<void>): Timer {
  let stopped = false;
  let next: Timer;
  const again = (): void => {
    if (stopped) return;
    next = ctx.clock.after(everyMs, () => {
      void beat()
        .catch((error: unknown) => ctx.log.warn({ err: error }, 'heartbeat failed'))
        .finally(again);
    });
  };
  again();
  return {
    cancel() {
      stopped = true;
      next.cancel();
    },
  };
}

/** Lanes in all, and those that some living node owns. */
export function countOwned(ctx: Context): Promise<{ all: number; owned: number }> {
  return countLanes(ctx.db, ctx.config.times.leaseMs / 1_000);
}
