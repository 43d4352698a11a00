// The subscriptions in memory, secrets opened, so that a state change knows at once who wants to hear of it. Re-read every 3 s, at once
// after a change through this node, and when another node hints at one. While the database does not answer, what was read last holds.
import type { Context } from '../context.ts';
import type { OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { Timer } from '../kernel/clock.ts';
import { levelOf } from '../storage/db.ts';
import {
  selectAllSubscriptions,
  selectSecrets,
  selectSubscriptionsFingerprint,
  type SealedSecret,
} from './subscription-store.ts';
import { isFor, isForgotten, type OpenSecret, type Subscription, type Topic } from './subscription.ts';

export interface KnownSubscription extends Subscription {
  /** The newest first; some may have expired since they were read. */
  secrets: readonly OpenSecret[];
}

export interface SubscriptionDirectory {
  /** Who hears of an event: active ones, and those for whom it waits. */
  audience(organisationId: OrganisationId, about: Topic): readonly KnownSubscription[];
  find(id: SubscriptionId): KnownSubscription | undefined;
  all(): Iterable<KnownSubscription>;
  reread(): Promise<void>;
  start(): void;
  stop(): void;
}

const REREAD_MS = 3_000;
const NOBODY: readonly KnownSubscription[] = [];

export async function createSubscriptionDirectory(ctx: Context): Promise<SubscriptionDirectory> {
  let byId = new Map<SubscriptionId, KnownSubscription>();
  let hearing = new Map<OrganisationId, KnownSubscription[]>();
  let audiences = new Map<string, readonly KnownSubscription[]>();
  let fingerprint: string | undefined;
  let readings: Promise<void> = Promise.resolve();
  let timer: Timer | undefined;
  let stopped = false;

  async function read(): Promise<void> {
    const present = await selectSubscriptionsFingerprint(ctx.db);
    if (present === fingerprint) return;
    const [rows, sealed] = await Promise.all([
      selectAllSubscriptions(ctx.db),
      selectSecrets(ctx.db, null, new Date(ctx.clock.now())),
    ]);
    const secrets = Map.groupBy(sealed, (secret) => secret.subscriptionId);
    const all = rows.map((row) => ({ ...row, secrets: opened(ctx, secrets.get(row.id) ?? []) }));
    byId = new Map(all.map((one) => [one.id, one]));
    hearing = Map.groupBy(all, (one) => one.organisationId);
    audiences = new Map();
    fingerprint = present;
  }

  // One after the other: a read that began before a change must not end after the one that follows it.
  function reread(): Promise<void> {
    const next = readings.then(read);
    readings = next.catch(() => undefined);
    return next;
  }

  function again(): void {
    timer = ctx.clock.after(REREAD_MS, () => {
      void reread()
        .catch((error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'webhook subscriptions were not re-read'),
        )
        .finally(() => stopped || again());
    });
  }

  await reread();
  return {
    audience(organisationId, about) {
      const all = hearing.get(organisationId);
      if (!all) return NOBODY;
      const what = `${organisationId} ${about.type} ${about.phoneNumberId}`;
      let known = audiences.get(what);
      if (!known) audiences.set(what, (known = all.filter((one) => isFor(one, about))));
      const now = ctx.clock.now();
      return known.some((one) => isForgotten(one, now))
        ? known.filter((one) => !isForgotten(one, now))
        : known;
    },
    find: (id) => byId.get(id),
    all: () => byId.values(),
    reread,
    start: again,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

// A secret that does not open leaves the others of its subscription in force.
function opened(ctx: Context, sealed: readonly SealedSecret[]): OpenSecret[] {
  return sealed.flatMap(({ id, createdAt, expiresAt, ...rest }) => {
    try {
      return [{ id, createdAt, expiresAt, secret: ctx.sealer.open(rest.secret, secretPlace(id)) }];
    } catch (error) {
      ctx.log.error(
        { subscriptionId: rest.subscriptionId, secretId: id, err: error },
        'a webhook secret does not open: nothing is signed with it',
      );
      return [];
    }
  });
}

/** What a secret is sealed for. */
export function secretPlace(id: string): string {
  return `webhook_secrets/${id}/secret`;
}
