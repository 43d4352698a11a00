// Looking for what is due: what did not go out from memory is taken from the table, each subscription no more than it has room for, when
// its moment has come. What nobody here knows of, because another node left it or an answer was lost, is looked for now and then.
import type { Context } from '../context.ts';
import type { SubscriptionId } from '../kernel/ids.ts';
import { levelOf } from '../storage/db.ts';
import { LEASE_MS } from './delivery.ts';
import { giveBackLost, selectNextDue, takeDue } from './delivery-store.ts';
import { giveBackLostLines } from './line-store.ts';
import { roomOf, type Outlet, type Outlets } from './outlet.ts';
import type { SubscriptionDirectory } from './subscription-directory.ts';
import { takeFromLines } from './take-lines.ts';
import type { Tellings } from './telling.ts';
import { toJob } from './to-job.ts';

export interface DueParts {
  directory: SubscriptionDirectory;
  tellings: Tellings;
  outlets: Outlets;
  /** This node, in the rows that it has in hand. */
  holder: number;
  /** There may be something to begin. */
  pump: (outlet: Outlet) => void;
}

export interface DueLook {
  /** Takes from the table what these have room for. */
  look(wanted: readonly Outlet[]): Promise<void>;
  /** Those whose moment has come; and now and then all. */
  tick(): Promise<void>;
  /** Gives back what was given to this node so long ago and never came. */
  findLost(afterMs: number): Promise<void>;
}

interface Wanting {
  organisationId: string;
  id: SubscriptionId;
  room: number;
}

/** What is due and not to be had is another node's: it is asked for again after so long. */
const AGAIN_MS = 250;
const FAILED_AGAIN_MS = 1_000;
/** What was given to this node and has not come so long after never comes: the answer to a statement was lost. */
const LOST_AFTER_MS = 5_000;
/** How often the table is asked for what nobody here knows of: what other nodes left behind. */
const LOOK_ROUND_MS = 10_000;

export function createDueLook(ctx: Context, parts: DueParts): DueLook {
  let lookedRoundAt = -Infinity;

  async function look(wanted: readonly Outlet[]): Promise<void> {
    const now = ctx.clock.now();
    const asked = wanted.flatMap((outlet) => wantingOf(parts, outlet) ?? []);
    if (asked.length === 0) return;
    for (const { outlet } of asked) {
      outlet.looking = true;
      outlet.lookAt = Infinity;
    }
    try {
      await takeFor(
        asked.map(({ wanting }) => wanting),
        now,
      );
    } catch (error) {
      for (const { outlet } of asked) outlet.lookAt = Math.min(outlet.lookAt, now + FAILED_AGAIN_MS);
      ctx.log[levelOf(error)]({ err: error }, 'deliveries could not be taken; they are later');
    } finally {
      for (const { outlet } of asked) outlet.looking = false;
    }
    for (const { outlet } of asked) parts.pump(outlet);
  }

  async function takeFor(subscriptions: readonly Wanting[], now: number): Promise<void> {
    const hasTaken = await take(ctx, parts, { subscriptions, now });
    for (const [id, dueAt] of await selectNextDue(ctx.db, subscriptions)) {
      const outlet = parts.outlets.find(id);
      const soonest = hasTaken ? dueAt : Math.max(dueAt, now + AGAIN_MS);
      if (outlet) outlet.lookAt = Math.min(outlet.lookAt, soonest);
    }
  }

  async function findLost(afterMs: number): Promise<void> {
    const now = ctx.clock.now();
    const lost = {
      subscriptionIds: [...parts.directory.all()].map((one) => one.id),
      holder: parts.holder,
      inHand: parts.outlets.inHand(),
      now,
      leaseUntil: now + LEASE_MS - afterMs,
    };
    await giveBackLost(ctx.db, lost);
    await giveBackLostLines(ctx.db, lost);
  }

  async function lookRound(now: number): Promise<void> {
    await findLost(LOST_AFTER_MS).catch((error: unknown) =>
      ctx.log[levelOf(error)]({ err: error }, 'what this node was given is found when its leases end'),
    );
    for (const { id } of parts.directory.all()) {
      const outlet = parts.outlets.of(id);
      outlet.lookAt = Math.min(outlet.lookAt, now);
    }
    parts.outlets.forget((id) => !parts.directory.find(id));
  }

  return {
    look,
    findLost,
    async tick() {
      const now = ctx.clock.now();
      if (ctx.clock.monotonic() - lookedRoundAt >= LOOK_ROUND_MS) {
        lookedRoundAt = ctx.clock.monotonic();
        await lookRound(now);
      }
      await look(parts.outlets.all().filter((outlet) => outlet.lookAt <= now));
    },
  };
}

async function take(
  ctx: Context,
  parts: DueParts,
  what: { subscriptions: readonly Wanting[]; now: number },
): Promise<boolean> {
  const heldUntil = ctx.clock.monotonic() + LEASE_MS;
  const wanted = { ...what, leaseUntil: what.now + LEASE_MS, holder: parts.holder };
  const lined = await takeFromLines(ctx.db, parts.tellings, { ...wanted, heldUntil });
  for (const job of lined) parts.outlets.hold(job);
  const plain = await takeDue(ctx.db, wanted);
  for (const one of plain) parts.outlets.hold(toJob(one, heldUntil));
  return lined.length + plain.length > 0;
}

function wantingOf(
  { directory }: DueParts,
  outlet: Outlet,
): { outlet: Outlet; wanting: Wanting } | undefined {
  const subscription = directory.find(outlet.id);
  const room = roomOf(outlet);
  if (outlet.looking || subscription?.status !== 'active' || subscription.url === null || room === 0)
    return undefined;
  return { outlet, wanting: { organisationId: subscription.organisationId, id: subscription.id, room } };
}
