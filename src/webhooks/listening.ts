// Listening: a subscription without an address hears by asking (`kurir listen`). What it fetches is its own until the lease ends, like
// what a node has in hand; what it reports is settled by the same rule. Who waits holds no connection: it is woken, or looks again.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { isId, momentOf, type OrganisationId, type SubscriptionId } from '../kernel/ids.ts';
import { LEASE_MS } from './delivery.ts';
import { giveBack, takeDue } from './delivery-store.ts';
import type { Taken } from './taken.ts';
import { selectPending } from './delivery-log-store.ts';
import type { PostOutcome } from './post.ts';
import type { Settler } from './settle.ts';
import { signTry } from './sign-try.ts';
import { noteFetch } from './subscription-store.ts';
import { FETCH_NOTED_MS, isAsleep } from './subscription.ts';
import { missing } from './subscriptions.ts';
import type { KnownSubscription, SubscriptionDirectory } from './subscription-directory.ts';
import type { Tellings } from './telling.ts';
import { createWakes } from './wakes.ts';

export interface Fetched extends Taken {
  headers: Record<string, string>;
}

export interface Reported {
  deliveryId: string;
  outcome: PostOutcome;
}

export interface Listening {
  /** Takes what is due, and waits for it. Throws `resource_not_found`, and `invalid_request` for what has an address. */
  fetch(
    organisationId: OrganisationId,
    id: string,
    ask: { max: number; waitMs: number; isGone: () => boolean },
  ): Promise<Fetched[]>;
  /** Says what became of what was fetched; how many of them were still waited for. */
  report(organisationId: OrganisationId, id: string, results: readonly Reported[]): Promise<number>;
  /** There is something for it. */
  wake(id: SubscriptionId): void;
  /** Those who wait are answered. */
  release(): void;
}

export interface ListeningParts {
  directory: SubscriptionDirectory;
  tellings: Tellings;
  settler: Settler;
  /** A subscription changed: the other nodes should look. */
  onChanged: () => void;
}

/** What came through another node is found so soon. */
const LOOK_MS = 1_000;

export function createListening(ctx: Context, parts: ListeningParts): Listening {
  const wakes = createWakes(ctx.clock);
  let released = false;
  return {
    async fetch(organisationId, id, { max, waitMs, isGone }) {
      const until = ctx.clock.monotonic() + waitMs;
      await noteAsking(ctx, parts, await known(parts, organisationId, id));
      for (;;) {
        const subscription = await known(parts, organisationId, id);
        const woken = wakes.next(subscription.id);
        try {
          // What nobody is there to take would be nobody's until its lease ends.
          const taken = released || isGone() ? [] : await take(ctx, parts, { subscription, max });
          if (taken.length > 0 && isGone()) {
            await giveBack(ctx.db, taken, ctx.clock.now());
            return [];
          }
          const leftMs = until - ctx.clock.monotonic();
          if (taken.length > 0 || leftMs <= 0 || released || isGone()) return taken;
          await woken.within(Math.min(LOOK_MS, leftMs));
        } finally {
          woken.forget();
        }
      }
    },
    async report(organisationId, id, results) {
      const subscription = await known(parts, organisationId, id);
      const outcomes = new Map(results.map((one) => [one.deliveryId, one.outcome]));
      const ids = [...outcomes.keys()].filter((one) => isId('wbd', one));
      const places = ids.map((one) => ({ id: one, createdAt: momentOf(one) }));
      const now = ctx.clock.now();
      const pending = await selectPending(ctx.db, subscription, places);
      await Promise.all(
        pending.map(async ({ attempt, ...row }) => {
          const outcome = outcomes.get(row.id);
          const at = now - (outcome?.ms ?? 0);
          if (outcome)
            await parts.settler.settle({
              subscription,
              rows: [row],
              line: null,
              isSingle: false,
              attempt: attempt + 1,
              outcome,
              at,
            });
        }),
      );
      return pending.length;
    },
    wake: (id) => wakes.wake(id),
    release() {
      released = true;
      wakes.wakeAll();
    },
  };
}

async function known(
  { directory }: ListeningParts,
  organisationId: OrganisationId,
  id: string,
): Promise<KnownSubscription> {
  if (!isId('wbs', id)) return missing(id);
  if (!directory.find(id)) await directory.reread();
  const subscription = directory.find(id);
  if (subscription?.organisationId !== organisationId) return missing(id);
  if (subscription.url !== null)
    throw new KurirError(
      'invalid_request',
      'What this subscription hears of is posted to its url: only one without a url is fetched for.',
    );
  return subscription;
}

// Whoever asks is there: it hears again of what happens.
async function noteAsking(
  ctx: Context,
  parts: ListeningParts,
  subscription: KnownSubscription,
): Promise<void> {
  const now = ctx.clock.now();
  const noted = await noteFetch(ctx.db, subscription, { now, notSince: now - FETCH_NOTED_MS });
  if (!noted || !isAsleep(subscription, now)) return;
  await parts.directory.reread();
  parts.onChanged();
}

async function take(
  ctx: Context,
  { tellings }: ListeningParts,
  { subscription, max }: { subscription: KnownSubscription; max: number },
): Promise<Fetched[]> {
  if (subscription.status !== 'active') return [];
  const { organisationId, id } = subscription;
  const now = ctx.clock.now();
  const subscriptions = [{ organisationId, id, room: max }];
  const taken = await takeDue(ctx.db, { subscriptions, now, leaseUntil: now + LEASE_MS, holder: null });
  return taken.map((one) => ({
    ...one,
    headers: signTry(tellings, subscription, { what: { ...one, batch: null }, now }),
  }));
}
