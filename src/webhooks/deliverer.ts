// Deliver: what was handed over after a commit, or has been taken from the table, is signed, posted and settled. At least once: a row is a
// node's until its lease ends, and nothing begins near that end; what a dead node had in hand is taken by another one afterwards.
import type { Context } from '../context.ts';
import type { SubscriptionId } from '../kernel/ids.ts';
import type { Timer } from '../kernel/clock.ts';
import { levelOf } from '../storage/db.ts';
import { holderOf, LEASE_MS, type Job } from './delivery.ts';
import { giveBack, giveBackLost, selectNextDue, takeDue } from './delivery-store.ts';
import { giveBackLines, giveBackLostLines, lineName } from './line-store.ts';
import type { Listening } from './listening.ts';
import { createOutlet, freeTries, roomOf, type Outlet } from './outlet.ts';
import type { Poster } from './post.ts';
import { isSuccess, type Settler } from './settle.ts';
import { signTry } from './sign-try.ts';
import type { KnownSubscription, SubscriptionDirectory } from './subscription-directory.ts';
import { takeFromLines } from './take-lines.ts';
import type { Tellings } from './telling.ts';
import { toJob } from './to-job.ts';

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
/** What was given to this node and has not come so long after never comes: the answer to a statement was lost. */
const LOST_AFTER_MS = 5_000;
/** How often the table is asked for what nobody here knows of: what other nodes left behind. */
const LOOK_ROUND_MS = 10_000;

export function createDeliverer(ctx: Context, parts: DelivererParts): Deliverer {
  const outlets = new Map<SubscriptionId, Outlet>();
  const holder = holderOf(parts.nodeId);
  /** Held or under way. */
  const inHand = new Set<string>();
  let timer: Timer | undefined;
  let stopped = true;
  let underWay = 0;
  let lookedRoundAt = -Infinity;
  let rest: (() => void)[] = [];

  function outletOf(id: SubscriptionId): Outlet {
    let outlet = outlets.get(id);
    if (!outlet) outlets.set(id, (outlet = createOutlet(id)));
    return outlet;
  }

  function pump(outlet: Outlet): void {
    while (!stopped && outlet.held.length > 0 && freeTries(outlet) > 0) {
      const job = outlet.held.shift();
      if (job) void run(outlet, job);
    }
    // Little is left in hand: the table may have more.
    if (!stopped && outlet.held.length === 0 && outlet.lookAt <= ctx.clock.now() && !outlet.looking)
      void look([outlet]);
  }

  async function run(outlet: Outlet, job: Job): Promise<void> {
    const subscription = parts.directory.find(job.subscriptionId);
    // Paused, taken away, or held too long: its row is left for whoever may take it.
    if (subscription?.status !== 'active' || subscription.url === null || tooLate(job)) return drop(job);
    outlet.underWay++;
    underWay++;
    try {
      await tryOnce(outlet, { ...subscription, url: subscription.url }, job);
    } catch (error) {
      ctx.log.error(
        { err: error, deliveryId: job.rows[0].id },
        'a delivery could not be tried; it comes again',
      );
    } finally {
      drop(job);
      outlet.underWay--;
      if (--underWay === 0) for (const tell of rest.splice(0)) tell();
      pump(outlet);
    }
  }

  function tooLate(job: Job): boolean {
    return ctx.clock.monotonic() > job.heldUntil - TRY_MS;
  }

  async function tryOnce(
    outlet: Outlet,
    subscription: KnownSubscription & { url: string },
    job: Job,
  ): Promise<void> {
    const now = ctx.clock.now();
    const what = { ...job, id: job.rows[0].id };
    const headers = signTry(parts.tellings, subscription, { what, now });
    const outcome = await parts.poster.post({ url: subscription.url, headers, body: job.body });
    // The gateway stops: that says nothing about the receiver. Whoever takes it next tries again.
    if (outcome.kind === 'failed' && outcome.reason === 'stopped') return letGo([job]);
    outlet.failuresInARow = isSuccess(outcome) ? 0 : outlet.failuresInARow + 1;
    const { dueAt } = await parts.settler.settle({
      subscription,
      rows: job.rows,
      line: job.line,
      attempt: job.attempt + 1,
      outcome,
      at: now,
    });
    if (dueAt !== null) outlet.lookAt = Math.min(outlet.lookAt, dueAt);
    // Of a line the next one may go.
    else if (job.line) outlet.lookAt = ctx.clock.now();
  }

  // Others may take them at once.
  async function letGo(jobs: readonly Job[]): Promise<void> {
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

  /** Takes from the table what these have room for. */
  async function look(wanted: readonly Outlet[]): Promise<void> {
    const now = ctx.clock.now();
    const subscriptions: Wanting[] = [];
    const asked = wanted.filter((outlet) => {
      const subscription = parts.directory.find(outlet.id);
      const room = roomOf(outlet);
      if (outlet.looking || subscription?.status !== 'active' || subscription.url === null || room === 0)
        return false;
      subscriptions.push({ organisationId: subscription.organisationId, id: subscription.id, room });
      return true;
    });
    if (asked.length === 0) return;
    for (const outlet of asked) {
      outlet.looking = true;
      outlet.lookAt = Infinity;
    }
    try {
      const hasTaken = await take(subscriptions, now);
      for (const [id, dueAt] of await selectNextDue(ctx.db, subscriptions)) {
        const outlet = outlets.get(id);
        // What is due and was not to be had is another node's just now.
        const soonest = hasTaken ? dueAt : Math.max(dueAt, now + TICK_MS);
        if (outlet) outlet.lookAt = Math.min(outlet.lookAt, soonest);
      }
    } catch (error) {
      for (const outlet of asked) outlet.lookAt = Math.min(outlet.lookAt, now + 1_000);
      ctx.log[levelOf(error)]({ err: error }, 'deliveries could not be taken; they are later');
    } finally {
      for (const outlet of asked) outlet.looking = false;
    }
    for (const outlet of asked) pump(outlet);
  }

  async function take(subscriptions: readonly Wanting[], now: number): Promise<boolean> {
    const heldUntil = ctx.clock.monotonic() + LEASE_MS;
    const wanted = { subscriptions, now, leaseUntil: now + LEASE_MS, holder };
    const lined = await takeFromLines(ctx.db, parts.tellings, { ...wanted, heldUntil });
    for (const job of lined) put(job);
    const plain = await takeDue(ctx.db, wanted);
    for (const one of plain) put(toJob(one, heldUntil));
    return lined.length + plain.length > 0;
  }

  function put(job: Job): void {
    for (const name of namesOf(job)) inHand.add(name);
    outletOf(job.subscriptionId).held.push(job);
  }

  function drop(job: Job): void {
    for (const name of namesOf(job)) inHand.delete(name);
  }

  async function findLost(afterMs: number): Promise<void> {
    const now = ctx.clock.now();
    const lost = {
      subscriptionIds: [...parts.directory.all()].map((one) => one.id),
      holder,
      inHand: [...inHand],
      now,
      leaseUntil: now + LEASE_MS - afterMs,
    };
    await giveBackLost(ctx.db, lost);
    await giveBackLostLines(ctx.db, lost);
  }

  async function tick(): Promise<void> {
    const now = ctx.clock.now();
    if (ctx.clock.monotonic() - lookedRoundAt >= LOOK_ROUND_MS) {
      lookedRoundAt = ctx.clock.monotonic();
      await findLost(LOST_AFTER_MS).catch((error: unknown) =>
        ctx.log[levelOf(error)]({ err: error }, 'what this node was given is found when its leases end'),
      );
      for (const one of parts.directory.all())
        outletOf(one.id).lookAt = Math.min(outletOf(one.id).lookAt, now);
      for (const [id, outlet] of outlets)
        if (!parts.directory.find(id) && outlet.underWay === 0) outlets.delete(id);
    }
    await look([...outlets.values()].filter((outlet) => outlet.lookAt <= now));
  }

  function again(): void {
    timer = ctx.clock.after(TICK_MS, () => void tick().finally(() => stopped || again()));
  }

  return {
    leaseMs: LEASE_MS,
    holder,
    room: (subscription) =>
      stopped || subscription.status !== 'active' || subscription.url === null
        ? 0
        : roomOf(outletOf(subscription.id)),
    hand(jobs) {
      for (const job of jobs) put(job);
      for (const id of new Set(jobs.map((job) => job.subscriptionId))) pump(outletOf(id));
    },
    wake(subscriptions) {
      const now = ctx.clock.now();
      for (const { id, url } of subscriptions) {
        if (url === null) {
          parts.listening.wake(id);
          continue;
        }
        const outlet = outletOf(id);
        outlet.lookAt = Math.min(outlet.lookAt, now);
      }
    },
    async start() {
      await findLost(0);
      stopped = false;
      again();
    },
    tick,
    async stop(withinMs) {
      stopped = true;
      timer?.cancel();
      await letGo([...outlets.values()].flatMap((outlet) => outlet.held.splice(0)));
      if (underWay > 0) {
        const rested = new Promise<void>((resolve) => rest.push(resolve));
        const late = new Promise<void>((resolve) => ctx.clock.after(withinMs, resolve));
        await Promise.race([rested, late]);
      }
      // What has not been answered by now fails as stopped.
      await parts.poster.close();
      while (underWay > 0) await new Promise<void>((resolve) => rest.push(resolve));
      await parts.settler.drained();
    },
  };
}

function namesOf({ rows, subscriptionId, line }: Job): string[] {
  return line ? [lineName({ subscriptionId, ...line })] : rows.map((row) => row.id);
}

interface Wanting {
  organisationId: string;
  id: SubscriptionId;
  room: number;
}
