// Deliver: what was handed over after a commit, or has been taken from the table, is signed, posted and settled. At least once: a row is a
// node's until its lease ends, and nothing begins near that end; what a dead node had in hand is taken by another one afterwards.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { levelOf } from '../storage/db.ts';
import { holderOf, LEASE_MS, type Job } from './delivery.ts';
import { giveBack } from './delivery-store.ts';
import { giveBackLines } from './line-store.ts';
import type { Listening } from './listening.ts';
import { createDueLook, type DueLook } from './look-for-due.ts';
import { createOutlets, freeTries, roomOf, type Outlet, type Outlets } from './outlet.ts';
import type { Poster } from './post.ts';
import { isSuccess, type Settler, type Tried } from './settle.ts';
import { signTry } from './sign-try.ts';
import type { KnownSubscription, SubscriptionDirectory } from './subscription-directory.ts';
import type { Tellings } from './telling.ts';

export interface DelivererParts {
  directory: SubscriptionDirectory;
  poster: Poster;
  tellings: Tellings;
  settler: Settler;
  /** Of this node; it keeps it over restarts. */
  nodeId: string;
  /** For subscriptions without an address. */
  listening: Pick<Listening, 'wake'>;
}

export interface Deliverer {
  /** How long a row is a node's. */
  leaseMs: number;
  /** Who has it in hand, in the row. */
  holder: number;
  /** How many deliveries may be handed over for a subscription now. */
  room(subscription: KnownSubscription): number;
  /** Takes over what has been committed. */
  hand(jobs: readonly Job[]): void;
  /** The table has something for these. */
  wake(subscriptions: readonly KnownSubscription[]): void;
  /** Takes up what this node had in hand when it died. */
  start(): Promise<void>;
  /** Looks for what is due, once; resolves when it is under way. */
  tick(): Promise<void>;
  /** Begins nothing more, and waits for what is under way, so long at the most. */
  stop(withinMs: number): Promise<void>;
}

/** A try lasts 10 s at the most: nothing begins when less than that is left, and some. */
const TRY_MS = 15_000;
const TICK_MS = 250;

interface State {
  ctx: Context;
  parts: DelivererParts;
  outlets: Outlets;
  due: DueLook;
  timer: Timer | undefined;
  stopped: boolean;
  underWay: number;
  /** Told when nothing is under way. */
  rest: (() => void)[];
}

export function createDeliverer(ctx: Context, parts: DelivererParts): Deliverer {
  const holder = holderOf(parts.nodeId);
  const outlets = createOutlets();
  const due = createDueLook(ctx, { ...parts, outlets, holder, pump: (outlet) => pump(state, outlet) });
  const state: State = { ctx, parts, outlets, due, timer: undefined, stopped: true, underWay: 0, rest: [] };
  return {
    leaseMs: LEASE_MS,
    holder,
    room: ({ id, url, status }) =>
      state.stopped || status !== 'active' || url === null ? 0 : roomOf(outlets.of(id)),
    hand(jobs) {
      for (const job of jobs) outlets.hold(job);
      for (const id of new Set(jobs.map((job) => job.subscriptionId))) pump(state, outlets.of(id));
    },
    wake(subscriptions) {
      for (const { id, url } of subscriptions) {
        if (url === null) parts.listening.wake(id);
        else lookSoon(state, outlets.of(id));
      }
    },
    async start() {
      await due.findLost(0);
      state.stopped = false;
      again(state);
    },
    tick: () => due.tick(),
    stop: (withinMs) => stop(state, withinMs),
  };
}

function again(state: State): void {
  state.timer = state.ctx.clock.after(
    TICK_MS,
    () => void state.due.tick().finally(() => state.stopped || again(state)),
  );
}

function lookSoon({ ctx }: State, outlet: Outlet): void {
  outlet.lookAt = Math.min(outlet.lookAt, ctx.clock.now());
}

function pump(state: State, outlet: Outlet): void {
  while (!state.stopped && outlet.held.length > 0 && freeTries(outlet) > 0) {
    const job = outlet.held.shift();
    if (job) void run(state, outlet, job);
  }
  // Little is left in hand: the table may have more.
  const mayHaveMore = outlet.held.length === 0 && outlet.lookAt <= state.ctx.clock.now() && !outlet.looking;
  if (!state.stopped && mayHaveMore) void state.due.look([outlet]);
}

async function run(state: State, outlet: Outlet, job: Job): Promise<void> {
  const { ctx, parts, outlets } = state;
  const subscription = parts.directory.find(job.subscriptionId);
  const tooLate = ctx.clock.monotonic() > job.heldUntil - TRY_MS;
  // Paused, taken away, or held too long: its row is left for whoever may take it.
  if (subscription?.status !== 'active' || subscription.url === null || tooLate) return outlets.drop(job);
  state.underWay++;
  try {
    const tried = await tryOnce(state, outlet, { subscription, url: subscription.url, job });
    if (tried) await settle(state, outlet, tried);
  } catch (error) {
    ctx.log.error(
      { err: error, deliveryId: job.rows[0].id },
      'a delivery could not be tried; it comes again',
    );
  } finally {
    outlets.drop(job);
    if (--state.underWay === 0) for (const tell of state.rest.splice(0)) tell();
    pump(state, outlet);
  }
}

async function tryOnce(
  state: State,
  outlet: Outlet,
  { subscription, url, job }: { subscription: KnownSubscription; url: string; job: Job },
): Promise<Tried | undefined> {
  const { ctx, parts } = state;
  const at = ctx.clock.now();
  outlet.underWay++;
  try {
    const headers = signTry(parts.tellings, subscription, { what: { ...job, id: job.rows[0].id }, now: at });
    const outcome = await parts.poster.post({ url, headers, body: job.body });
    // The gateway stops: that says nothing about the receiver. Whoever takes it next tries again.
    if (outcome.kind === 'failed' && outcome.reason === 'stopped') {
      await letGo(ctx, [job]);
      return undefined;
    }
    outlet.failuresInARow = isSuccess(outcome) ? 0 : outlet.failuresInARow + 1;
    const { rows, line, isSingle } = job;
    return { subscription, rows, line, isSingle, attempt: job.attempt + 1, outcome, at };
  } finally {
    outlet.underWay--;
  }
}

async function settle(state: State, outlet: Outlet, tried: Tried): Promise<void> {
  // The receiver has answered: the next one may go while this is written down.
  outlet.settling++;
  pump(state, outlet);
  try {
    const { dueAt } = await state.parts.settler.settle(tried);
    if (dueAt !== null) outlet.lookAt = Math.min(outlet.lookAt, dueAt);
    // Of a line the next one may go.
    else if (tried.line) lookSoon(state, outlet);
  } finally {
    outlet.settling--;
  }
}

// Others may take them at once.
async function letGo(ctx: Context, jobs: readonly Job[]): Promise<void> {
  const lined = jobs.flatMap(({ line, ...job }) => (line ? [{ ...job, ...line }] : []));
  const plain = jobs
    .filter((job) => job.line === null)
    .flatMap(({ organisationId, rows }) => rows.map((row) => ({ organisationId, ...row })));
  const now = ctx.clock.now();
  try {
    if (lined.length > 0) await giveBackLines(ctx.db, lined, now);
    if (plain.length > 0) await giveBack(ctx.db, plain, now);
  } catch (error) {
    ctx.log[levelOf(error)](
      { err: error },
      'deliveries in hand were not given back; their leases end by themselves',
    );
  }
}

async function stop(state: State, withinMs: number): Promise<void> {
  const { ctx, parts } = state;
  state.stopped = true;
  state.timer?.cancel();
  await letGo(ctx, state.outlets.empty());
  if (state.underWay > 0)
    await Promise.race([rested(state), new Promise<void>((resolve) => ctx.clock.after(withinMs, resolve))]);
  // What has not been answered by now fails as stopped.
  await parts.poster.close();
  while (state.underWay > 0) await rested(state);
  await parts.settler.drained();
}

function rested({ rest }: State): Promise<void> {
  return new Promise((resolve) => rest.push(resolve));
}
