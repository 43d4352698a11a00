// Health of subscriptions: when so many deliveries in a row have ended dead, when no try has succeeded for longer than the eight of a
// delivery take, or when the receiver says that it is gone, a subscription is turned off, with the reason, and the organisation's other
// subscriptions hear of it.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Teller } from '../events/teller.ts';
import { newId } from '../kernel/ids.ts';
import { levelOf } from '../storage/db.ts';
import type { PostOutcome } from './post.ts';
import {
  countDead,
  forgetDead,
  lockSubscription,
  noteFailing,
  updateSubscription,
} from './subscription-store.ts';
import type { KnownSubscription, SubscriptionDirectory } from './subscription-directory.ts';

export interface Health {
  succeeded(subscription: KnownSubscription): Promise<void>;
  /** A try failed, and will be made again. */
  failed(subscription: KnownSubscription, outcome: PostOutcome): Promise<void>;
  died(subscription: KnownSubscription, about: { gone: boolean; outcome: PostOutcome }): Promise<void>;
}

export interface HealthParts {
  directory: SubscriptionDirectory;
  /** Made after the deliverer, which needs this. */
  teller: () => Teller;
  /** A subscription changed: the other nodes should look. */
  onChanged: () => void;
}

/** A healthy subscription’s last success is written down so often. */
const SUCCESS_EVERY_MS = 60_000;
/** That one fails, too. */
const FAILING_EVERY_MS = 60_000;
/** An endpoint that takes ten seconds for each no is tried so seldom that hardly a delivery comes to its eighth try. */
const FAILING_MAX_MS = 37 * 3_600_000;

export function createHealth(ctx: Context, parts: HealthParts): Health {
  /** Those whose failure or death this node has written down since the last success. */
  const ailing = new Set<string>();
  /** When a success, or a failure, was last written down. */
  const writtenAt = new Map<string, number>();
  const failingAt = new Map<string, number>();

  return {
    async succeeded(subscription) {
      const now = ctx.clock.monotonic();
      const sinceMs = now - (writtenAt.get(subscription.id) ?? -Infinity);
      // A death through this node is forgotten at once; what the directory says of deaths is a few seconds old.
      const isDue =
        ailing.delete(subscription.id) || sinceMs >= (subscription.deadInARow > 0 ? 1_000 : SUCCESS_EVERY_MS);
      if (!isDue) return;
      writtenAt.set(subscription.id, now);
      await kept(ctx, () => forgetDead(ctx.db, subscription, ctx.clock.now()));
    },
    async failed(subscription, outcome) {
      const now = ctx.clock.now();
      // By the wall clock, as the 37 hours are; it may be set back.
      const isDue = Math.abs(now - (failingAt.get(subscription.id) ?? -Infinity)) >= FAILING_EVERY_MS;
      if (!isDue || subscription.url === null) return;
      failingAt.set(subscription.id, now);
      ailing.add(subscription.id);
      await kept(ctx, async () => {
        const since = await noteFailing(ctx.db, subscription, now);
        if (!since || now - since.getTime() < FAILING_MAX_MS) return;
        const reason = `No try has succeeded since ${since.toISOString()}; the last one: ${tell(outcome)}.`;
        await turnOff(ctx, parts, { subscription, reason });
      });
    },
    async died(subscription, { gone, outcome }) {
      ailing.add(subscription.id);
      await kept(ctx, async () => {
        const now = ctx.clock.now();
        const inARow = await countDead(ctx.db, subscription, now);
        const most = ctx.config.webhookDeadMax;
        // Somebody sits before a listener, sees what fails, and goes on.
        if (subscription.url === null) return;
        const reason = gone
          ? 'The receiver answered 410: it is gone.'
          : `${inARow} deliveries in a row failed; the last one: ${tell(outcome)}.`;
        if (gone || inARow >= most) await turnOff(ctx, parts, { subscription, reason });
      });
    },
  };
}

async function turnOff(
  ctx: Context,
  parts: HealthParts,
  { subscription, reason }: { subscription: KnownSubscription; reason: string },
): Promise<void> {
  const now = ctx.clock.now();
  const isOff = await writeAndTell({ db: ctx.db, teller: parts.teller() }, async (tx) => {
    const present = await lockSubscription(tx, subscription.organisationId, subscription.id);
    if (present?.status !== 'active') return { result: false, events: [] };
    const at = new Date(now);
    const status = { status: 'disabled', statusReason: reason, statusSince: at } as const;
    await updateSubscription(tx, { ...present, ...status, updatedAt: at });
    const { organisationId, id: subscriptionId, url } = present;
    const event = {
      type: 'webhook_subscription.disabled' as const,
      id: newId('evt', now),
      organisationId,
      at: now,
      subscriptionId,
      url: url ?? '',
      reason,
    };
    return { result: true, events: [event] };
  });
  if (!isOff) return;
  ctx.log.warn({ subscriptionId: subscription.id, reason }, 'a webhook subscription is turned off');
  await parts.directory.reread();
  parts.onChanged();
}

// The delivery is settled; its subscription's count may wait for the next one.
async function kept(ctx: Context, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    ctx.log[levelOf(error)]({ err: error }, 'the health of a webhook subscription was not written down');
  }
}

function tell(outcome: PostOutcome): string {
  return outcome.kind === 'answered' ? `HTTP ${outcome.status}` : `${outcome.reason} (${outcome.detail})`;
}
