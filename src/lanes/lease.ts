// The lease: which lanes this node owns, under which epoch, and whether it may call Meta for one right now.
//
// One heartbeat every 3 s. A node stops calling 10 s after its last heartbeat, counted from before that heartbeat was sent,
// by the monotonic clock and by the wall clock (monotonic clocks may stand still in a suspended machine); others take its
// lanes after 15 s of silence. When a heartbeat came late, the node takes its lanes anew (epoch + 1) before it calls again:
// a takeover may have seen them free, and what it had committed but not called must not leave under the old epoch.
//
// Lanes are spread over the nodes that live (share.ts). A lane is only left to another when nothing of it is under way here.
import type { Context } from '../context.ts';
import { levelOf } from '../storage/db.ts';
import type { Timer } from '../kernel/clock.ts';
import {
  beat,
  countLanes,
  leaveLanes,
  stopNode,
  takeLanes,
  takeLanesAnew,
  type HeldLane,
  type NodeAbout,
} from './lane-store.ts';
import { shareOf, surplusOf } from './share.ts';

export type { HeldLane, NodeAbout } from './lane-store.ts';

export interface LeaseEvents {
  /** Lanes that were another's, nobody's, or ours before a restart. */
  onTaken: (lanes: HeldLane[]) => Promise<void>;
  /** Our own lanes under a new epoch: what was not called is to be queued again, what is being called goes on. */
  onAnew: (lanes: HeldLane[], former: ReadonlyMap<string, number>) => Promise<void>;
  onLost: (phoneNumberIds: string[]) => void;
  /** Lets what is under way end in up to `count` lanes, and begins nothing new in them; those where it did end within the time. */
  quieten: (count: number, withinMs: number) => Promise<string[]>;
  /** Lanes that were quiet are given up. */
  onLeft: (phoneNumberIds: string[]) => void;
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
  /** Whether other nodes lived at the last heartbeat. */
  hasNeighbours(): boolean;
  start(): Promise<void>;
  /** Stops the heartbeat and gives the lanes up. */
  stop(): Promise<void>;
}

/** Heartbeats with the same neighbours until lanes are moved to them. */
const CALM_BEATS = 2;

interface State {
  ctx: Context;
  node: NodeAbout;
  events: LeaseEvents;
  leaseSeconds: number;
  held: Map<string, number>;
  /** The epochs held before lanes were taken anew, as long as what followed from it has not been done. */
  former: Map<string, number>;
  /** From before the last heartbeat was sent. */
  beatAt: Moment;
  late: boolean;
  renewals: number;
  first: boolean;
  /** The table names us for no other lanes than we hold: every answer of the last heartbeat has come. */
  sure: boolean;
  neighbours: number;
  calmBeats: number;
  giving: boolean;
  stopped: boolean;
  running: Promise<void>;
  timer: Timer | undefined;
}

interface Moment {
  monotonic: number;
  wall: number;
}

export function createLease(ctx: Context, node: NodeAbout, events: LeaseEvents): Lease {
  const state: State = {
    ctx,
    node,
    events,
    leaseSeconds: ctx.config.times.leaseMs / 1_000,
    held: new Map(),
    former: new Map(),
    beatAt: { monotonic: -Infinity, wall: -Infinity },
    late: false,
    renewals: 0,
    first: true,
    sure: false,
    neighbours: 0,
    calmBeats: 0,
    giving: false,
    stopped: false,
    running: Promise.resolve(),
    timer: undefined,
  };
  return {
    epochOf: (phoneNumberId) => state.held.get(phoneNumberId),
    mayCall: (phoneNumberId, epoch) =>
      !state.late && !state.stopped && state.held.get(phoneNumberId) === epoch && isFresh(state),
    beat: () => inTurn(state, once),
    renew() {
      state.late = true;
      state.renewals++;
      return inTurn(state, once);
    },
    isFresh: () => isFresh(state),
    hasNeighbours: () => state.neighbours > 0,
    async start() {
      await inTurn(state, once);
      again(state);
    },
    stop: () => stop(state),
  };
}

function isFresh({ ctx, beatAt }: State): boolean {
  const { callWithinMs } = ctx.config.times;
  return (
    ctx.clock.monotonic() - beatAt.monotonic < callWithinMs &&
    Math.abs(ctx.clock.now() - beatAt.wall) < callWithinMs
  );
}

// One after the other: a slow heartbeat must not be overtaken by the next.
function inTurn(state: State, act: (state: State) => Promise<void>): Promise<void> {
  const run = (): Promise<void> => act(state);
  return (state.running = state.running.then(run, run));
}

function again(state: State): void {
  if (state.stopped) return;
  const { clock, config, log } = state.ctx;
  state.timer = clock.after(config.times.heartbeatMs, () => {
    void inTurn(state, once)
      .catch((error: unknown) => log[levelOf(error)]({ err: error }, 'heartbeat failed'))
      .finally(() => again(state));
  });
}

async function once(state: State): Promise<void> {
  if (state.stopped) return;
  const { ctx, held } = state;
  const sent = { monotonic: ctx.clock.monotonic(), wall: ctx.clock.now() };
  const wasSure = state.sure;
  state.sure = false;
  const seen = await beat(ctx.db, state.node, state.leaseSeconds);
  // Judged by when it was answered: one that was sent in time may have arrived after a takeover.
  if (!state.first && !isFresh(state)) state.late = true;
  const unsure = state.late || !wasSure;
  if (state.late) await anew(state);
  state.beatAt = sent;
  state.calmBeats = seen.neighbours === state.neighbours ? state.calmBeats + 1 : 0;
  state.neighbours = seen.neighbours;
  const share = shareOf(seen.lanes, seen.neighbours);
  await take(state, { share, unsure });
  state.first = false;
  state.sure = true;
  const surplus = surplusOf(held.size, share);
  if (surplus > 0 && state.calmBeats >= CALM_BEATS && !state.giving) void give(state, surplus);
}

async function anew(state: State): Promise<void> {
  const { ctx, node, events, held } = state;
  const asked = state.renewals;
  const before = new Map(held);
  const kept = await takeLanesAnew(ctx.db, node.id, before);
  // Not done yet: what was not called under an epoch before this one, either.
  state.former = new Map([...before, ...state.former]);
  held.clear();
  for (const lane of kept) held.set(lane.phoneNumberId, lane.epoch);
  const lost = [...before.keys()].filter((id) => !held.has(id));
  for (const id of lost) state.former.delete(id);
  if (lost.length > 0) events.onLost(lost);
  await events.onAnew(kept, state.former);
  state.former = new Map();
  // Asked for again meanwhile: an answer was lost after we had looked.
  state.late = state.renewals !== asked;
}

async function take(state: State, by: { share: number; unsure: boolean }): Promise<void> {
  const { ctx, node, events, held, leaseSeconds } = state;
  // What another node was taking in the same moment was passed over, and perhaps was not all.
  for (let more = true; more;) {
    const room = by.share === Infinity ? null : Math.max(0, by.share - held.size);
    const taken = await takeLanes(ctx.db, node.id, {
      leaseSeconds,
      held: by.unsure ? held : undefined,
      room,
    });
    for (const lane of taken) held.set(lane.phoneNumberId, lane.epoch);
    if (taken.length > 0) await events.onTaken(taken);
    more = taken.length > 0 && room !== null && held.size < by.share;
  }
}

// Beside the heartbeats: what is under way may take a while to end.
async function give(state: State, count: number): Promise<void> {
  const { ctx, events } = state;
  state.giving = true;
  try {
    const quiet = await events.quieten(count, ctx.config.times.heartbeatMs / 2);
    if (quiet.length > 0) await inTurn(state, () => leave(state, quiet));
  } catch (error) {
    ctx.log[levelOf(error)]({ err: error }, 'lanes could not be left to another node');
  } finally {
    state.giving = false;
  }
}

// Is the answer lost, they are ours in the table and not in memory: the next heartbeat takes them again.
async function leave(state: State, phoneNumberIds: readonly string[]): Promise<void> {
  const left = new Map([...state.held].filter(([id]) => phoneNumberIds.includes(id)));
  for (const id of left.keys()) state.held.delete(id);
  state.sure = false;
  try {
    await leaveLanes(state.ctx.db, state.node.id, left);
  } finally {
    state.events.onLeft([...left.keys()]);
  }
}

async function stop(state: State): Promise<void> {
  state.stopped = true;
  state.timer?.cancel();
  await state.running.catch(() => undefined);
  try {
    // In this order: whoever hears that lanes are free must not count us any more, or it takes only its share of them.
    await stopNode(state.ctx.db, state.node.id);
    await leave(state, [...state.held.keys()]);
  } catch (error) {
    state.ctx.log.warn(
      { err: error },
      'the lanes could not be left: others take them when the lease has run out',
    );
  }
}

/** Lanes in all, and those that some living node owns. */
export function countOwned(ctx: Context): Promise<{ all: number; owned: number }> {
  return countLanes(ctx.db, ctx.config.times.leaseMs / 1_000);
}
