// The dispatcher: the queue, the calls and the watch of the lanes this node owns, and what a change of ownership means to them.
import type { Context } from '../context.ts';
import type { Teller } from '../events/teller.ts';
import type { Timer } from '../kernel/clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { HeldLane, Lease, LeaseEvents } from '../lanes/lease.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { Progresser } from '../messages/progress-message.ts';
import type { MetaClient } from '../meta/client.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { levelOf } from '../storage/db.ts';
import { createBrakes, type Brakes } from './brake.ts';
import { createCaller, type Caller } from './dispatch.ts';
import { requeueUncalled } from './attempt-store.ts';
import { createOverdue, type Overdue } from './overdue.ts';
import { createQueue, type Queue } from './queue.ts';
import { createReach, type Reach } from './reach.ts';
import { createSettler, type Settler } from './settle.ts';
import { createWatch, type Watch } from './watch.ts';

export interface Dispatch extends LeaseEvents {
  /** Looks for what is due, once; a test calls it instead of waiting. */
  tick(): Promise<void>;
  start(): void;
  /** Begins nothing new and lets what is under way end, for at most `withinMs`. */
  stop(withinMs: number): Promise<void>;
  /** What is under way even now is left as it stands in the table: an open attempt, whose call ends when nobody hears of it. */
  abandon(): void;
  /** Why Meta cannot be reached; undefined when it can. */
  metaIsLost(): string | undefined;
}

export interface DispatchParts {
  lanes: Lanes;
  lease: () => Lease;
  meta: MetaClient;
  progresser: Progresser;
  teller: Teller;
  nodeId: string;
  tokenKey: Buffer;
  numbers: NumberDirectory;
  /** Lanes of ours were given up: other nodes may take them. */
  onLeft: () => void;
}

const TICK_MS = 500;

interface State {
  ctx: Context;
  parts: DispatchParts;
  settler: Settler;
  reach: Reach;
  caller: Caller;
  queue: Queue;
  watch: Watch;
  brakes: Brakes;
  overdue: Overdue;
  /** When a call of the former owner can no longer be on the wire, by lane. */
  callsEndAt: Map<string, number>;
  /** Lanes we own that are not open yet: their number was connected a moment ago. */
  unopened: Map<string, HeldLane>;
  timer: Timer | undefined;
  ticking: Promise<void>;
  stopped: boolean;
}

export function createDispatch(ctx: Context, parts: DispatchParts): Dispatch {
  const state = wire(ctx, parts);
  const { caller, queue } = state;
  parts.lanes.register({
    dispatch: (attempt) => caller.call(attempt),
    wake: (lane) => queue.wake(lane),
    behind: (lane, message) => queue.behind(lane, message),
    settled(lane, conversation) {
      if (lane.followed.has(conversation) && !lane.busy.has(conversation)) queue.next(lane, conversation);
    },
    slow: (told) => state.brakes.slow(told),
  });
  return {
    onTaken(taken) {
      for (const held of taken) open(state, held);
      ctx.log.info({ lanes: taken.length }, 'lanes taken');
      return Promise.resolve();
    },
    onAnew: (kept, former) => takeUpAnew(state, kept, former),
    onLost(phoneNumberIds) {
      close(state, phoneNumberIds);
      ctx.log.warn({ lanes: phoneNumberIds.length }, 'lanes lost to another node');
    },
    quieten: (count, withinMs) => quieten(state, count, withinMs),
    onLeft(phoneNumberIds) {
      close(state, phoneNumberIds);
      parts.onLeft();
      ctx.log.info({ lanes: phoneNumberIds.length }, 'lanes left to other nodes');
    },
    tick: () => tick(state),
    start: () => again(state),
    stop: (withinMs) => stop(state, withinMs),
    abandon: () => state.settler.abandon(),
    metaIsLost: () => state.reach.lost(),
  };
}

function wire(ctx: Context, parts: DispatchParts): State {
  const { lanes, numbers } = parts;
  const settler = createSettler(ctx, parts);
  const reach = createReach(ctx);
  const callsEndAt = new Map<string, number>();
  // Each is told by another: the caller of what ended, the queue of what may be called.
  const next = (lane: Lane, conversation: string): void => queue.next(lane, conversation);
  const brakes = createBrakes(ctx, { lanes, numbers, wake: (lane) => queue.wake(lane) });
  const caller = createCaller(ctx, {
    lanes,
    lease: { mayCall: (phoneNumberId, epoch) => parts.lease().mayCall(phoneNumberId, epoch) },
    meta: parts.meta,
    settler,
    reach,
    tokenKey: parts.tokenKey,
    accessTokenOf: (phoneNumberId) => numbers.numberAnywhere(phoneNumberId)?.accessToken,
    brakes,
    readyAt: (lane, at) => queue.readyAt(lane, at),
    next,
  });
  const queue = createQueue(ctx, {
    lanes,
    nodeId: parts.nodeId,
    renewLease: () => parts.lease().renew(),
    followPace: (lane) => lanes.followPace(lane, numbers.numberAnywhere(lane.phoneNumberId)?.pace),
    call: (ready, intended, intent) =>
      caller.call({ ...ready, ...intended, messageId: ready.id, epoch: intent.epoch, startedAt: intent.at }),
  });
  const watch = createWatch(ctx, {
    lanes,
    settler,
    policyOf: (phoneNumberId) => numbers.numberAnywhere(phoneNumberId)?.onUnknown ?? 'fail',
    formerCallsEndAt: (phoneNumberId) => callsEndAt.get(phoneNumberId) ?? 0,
    atWork: (messageId) => caller.has(messageId),
    next,
  });
  return {
    ctx,
    parts,
    settler,
    reach,
    caller,
    queue,
    watch,
    brakes,
    overdue: createOverdue(ctx, { ...parts, next }),
    callsEndAt,
    unopened: new Map(),
    timer: undefined,
    ticking: Promise.resolve(),
    stopped: false,
  };
}

// A new owner: what it took over is read from the table, and what its predecessor was calling may still arrive.
function open(state: State, held: HeldLane): void {
  const { ctx, parts } = state;
  const number = parts.numbers.numberAnywhere(held.phoneNumberId);
  if (!number) return void state.unopened.set(held.phoneNumberId, held);
  state.unopened.delete(held.phoneNumberId);
  const restarted = held.formerOwner === parts.nodeId;
  const endsAt = restarted
    ? ctx.clock.now() + ctx.config.times.ownCallsMs
    : (held.formerSeenAt?.getTime() ?? 0) + ctx.config.times.formerCallsMs;
  state.callsEndAt.set(held.phoneNumberId, endsAt);
  const { organisationId, pace } = number;
  const lane = parts.lanes.open({
    phoneNumberId: held.phoneNumberId,
    organisationId,
    epoch: held.epoch,
    pace,
  });
  // Stopped by whoever had it before: one message tries whether Meta takes again, not all that wait.
  if (number.status === 'degraded') lane.stops = Math.max(1, lane.stops);
  state.queue.takeUp(lane);
}

function close(state: State, phoneNumberIds: readonly string[]): void {
  for (const phoneNumberId of phoneNumberIds) {
    state.parts.lanes.close(phoneNumberId);
    state.queue.forget(phoneNumberId);
  }
}

const QUIET_LOOK_MS = 10;

// The lanes with the least under way: they are quiet soonest.
async function quieten(state: State, count: number, withinMs: number): Promise<string[]> {
  const { clock } = state.ctx;
  const until = clock.monotonic() + withinMs;
  const chosen = [...state.parts.lanes.all()].toSorted((a, b) => a.busy.size - b.busy.size).slice(0, count);
  for (const lane of chosen) lane.leaving = true;
  while (chosen.some((lane) => lane.busy.size > 0) && clock.monotonic() < until)
    await new Promise<void>((resolve) => clock.after(QUIET_LOOK_MS, resolve));
  await Promise.all(chosen.map((lane) => state.queue.quiet(lane)));
  for (const lane of chosen.filter((one) => one.busy.size > 0)) {
    lane.leaving = false;
    state.queue.wake(lane);
  }
  return chosen.filter((lane) => lane.leaving).map((lane) => lane.phoneNumberId);
}

async function takeUpAnew(
  state: State,
  kept: readonly HeldLane[],
  former: ReadonlyMap<string, number>,
): Promise<void> {
  const { ctx, parts, caller } = state;
  for (const { phoneNumberId, epoch } of kept) {
    const lane = parts.lanes.get(phoneNumberId);
    if (lane) lane.epoch = epoch;
    const formerEpoch = former.get(phoneNumberId);
    if (formerEpoch === undefined) continue;
    await requeueUncalled(ctx.db, {
      phoneNumberId,
      formerEpoch,
      epoch,
      calling: caller.calling(phoneNumberId),
      now: ctx.clock.now(),
    });
  }
  ctx.log.warn({ lanes: kept.length }, 'lanes taken anew: a heartbeat was late or an answer was lost');
}

async function tick(state: State): Promise<void> {
  await openLate(state);
  state.brakes.releaseRepaired();
  await state.watch.look();
  await state.overdue.look();
  await state.queue.look();
}

async function openLate(state: State): Promise<void> {
  if (state.unopened.size === 0) return;
  await state.parts.numbers.reread();
  for (const held of state.unopened.values()) {
    if (state.parts.lease().epochOf(held.phoneNumberId) === held.epoch) open(state, held);
    else state.unopened.delete(held.phoneNumberId);
  }
}

function again(state: State): void {
  if (state.stopped) return;
  state.timer = state.ctx.clock.after(TICK_MS, () => {
    state.ticking = tick(state)
      .catch((error: unknown) =>
        state.ctx.log[levelOf(error)]({ err: error }, 'the watch could not look; trying again'),
      )
      .finally(() => again(state));
  });
}

async function stop(state: State, withinMs: number): Promise<void> {
  state.stopped = true;
  state.timer?.cancel();
  state.queue.stop();
  state.parts.lanes.stop();
  const ended = Promise.all([state.ticking, state.queue.drained()]).then(() => state.caller.drained());
  let late: NodeJS.Timeout | undefined;
  await Promise.race([ended, new Promise<void>((resolve) => (late = setTimeout(resolve, withinMs)))]);
  clearTimeout(late);
}
