// Fan-out: who hears of an event, in which words, written in the transaction of what happened. What a subscription has room for in this
// node's memory is handed to it after the commit, and its row says until when; everything else is taken from the table when there is room.
import type { Context } from '../context.ts';
import { conversationOfEvent, messageOfEvent, numberOfEvent, type Event } from '../events/event.ts';
import type { Teller, Told } from '../events/teller.ts';
import { newId } from '../kernel/ids.ts';
import type { Transaction } from '../storage/db.ts';
import type { Job } from './delivery.ts';
import type { Deliverer } from './deliverer.ts';
import { insertTold, type NewDelivery, type NewTelling } from './delivery-store.ts';
import type { KnownSubscription, SubscriptionDirectory } from './subscription-directory.ts';
import type { Rendered, Tellings, WebhookDialect } from './telling.ts';

export interface TellerParts {
  directory: SubscriptionDirectory;
  deliverer: Pick<Deliverer, 'leaseMs' | 'holder' | 'room' | 'hand' | 'wake'>;
  tellings: Tellings;
}

const NOTHING: Told = { committed: () => undefined };

export function createTeller(ctx: Context, parts: TellerParts): Teller {
  return {
    wants: (organisationId, about) => parts.directory.audience(organisationId, about).length > 0,
    record: (tx, events) => record(ctx, parts, { tx, events }),
  };
}

/** What is to be written and handed over for some events. */
interface Fan {
  tellings: NewTelling[];
  deliveries: NewDelivery[];
  /** Those that this node has room for. */
  jobs: Job[];
  /** What of that room is taken. */
  taken: Map<KnownSubscription, number>;
  /** Whose deliveries wait in the table. */
  waiting: KnownSubscription[];
  now: number;
}

async function record(
  ctx: Context,
  parts: TellerParts,
  what: { tx: Transaction; events: readonly Event[] },
): Promise<Told> {
  const now = ctx.clock.now();
  const fan: Fan = { tellings: [], deliveries: [], jobs: [], taken: new Map(), waiting: [], now };
  for (const event of what.events)
    for (const [dialect, hearers] of byDialect(audienceOf(parts.directory, event))) {
      const body = render(ctx, parts.tellings, { event, dialect });
      if (!body) continue;
      fan.tellings.push(toTelling(event, { dialect, body }));
      for (const subscription of hearers) deliver(ctx, parts, { fan, event, body, subscription });
    }
  if (fan.deliveries.length === 0) return NOTHING;
  await insertTold(what.tx, fan);
  return {
    committed() {
      parts.deliverer.hand(fan.jobs);
      parts.deliverer.wake(fan.waiting);
    },
  };
}

// Nearly always one dialect.
function byDialect(
  audience: readonly KnownSubscription[],
): Iterable<[WebhookDialect, readonly KnownSubscription[]]> {
  const [first] = audience;
  if (!first) return [];
  return audience.length === 1
    ? [[first.dialect, audience]]
    : Map.groupBy(audience, (subscription) => subscription.dialect);
}

// What happened stands, whether or not it can be told: a fault in the telling must not undo it.
function render(
  ctx: Context,
  tellings: Tellings,
  { event, dialect }: { event: Event; dialect: WebhookDialect },
): Rendered | null {
  try {
    return tellings[dialect].render(event);
  } catch (error) {
    ctx.log.error({ err: error, eventId: event.id, type: event.type, dialect }, 'an event could not be told');
    return null;
  }
}

function deliver(
  ctx: Context,
  { deliverer }: TellerParts,
  to: { fan: Fan; event: Event; body: Rendered; subscription: KnownSubscription },
): void {
  const { fan, event, body, subscription } = to;
  const delivery = toDelivery(event, { subscription, now: fan.now, ctx });
  fan.deliveries.push(delivery);
  const taken = fan.taken.get(subscription) ?? 0;
  if (delivery.line !== null || deliverer.room(subscription) <= taken) {
    fan.waiting.push(subscription);
    return;
  }
  fan.taken.set(subscription, taken + 1);
  delivery.dueAt = fan.now + deliverer.leaseMs;
  delivery.heldBy = deliverer.holder;
  const heldUntil = ctx.clock.monotonic() + deliverer.leaseMs;
  fan.jobs.push(toJob(delivery, { event, body, createdAt: fan.now, heldUntil }));
}

function audienceOf(directory: SubscriptionDirectory, event: Event): readonly KnownSubscription[] {
  // A test is for the one it was asked for, and nobody's business otherwise.
  if (event.type === 'webhook.test') {
    const only = directory.find(event.subscriptionId);
    return only?.organisationId === event.organisationId ? [only] : [];
  }
  const all = directory.audience(event.organisationId, {
    type: event.type,
    phoneNumberId: numberOfEvent(event),
  });
  // Who is turned off hears of nothing, this included.
  if (event.type === 'webhook_subscription.disabled')
    return all.filter((one) => one.id !== event.subscriptionId);
  return all;
}

function toTelling(event: Event, as: { dialect: WebhookDialect; body: Rendered }): NewTelling {
  return {
    organisationId: event.organisationId,
    eventId: event.id,
    dialect: as.dialect,
    type: event.type,
    phoneNumberId: numberOfEvent(event),
    conversation: conversationOfEvent(event),
    messageId: messageOfEvent(event),
    name: as.body.name,
    subject: as.body.subject,
    source: as.body.source,
    body: as.body.body,
  };
}

function toDelivery(
  event: Event,
  to: { subscription: KnownSubscription; now: number; ctx: Context },
): NewDelivery {
  const { subscription, now } = to;
  const line = lineOf(event, subscription);
  return {
    organisationId: event.organisationId,
    id: newId('wbd', now),
    subscriptionId: subscription.id,
    eventId: event.id,
    dialect: subscription.dialect,
    type: event.type,
    line,
    dueAt: line ? null : now,
    heldBy: null,
  };
}

// One after the other, or collected. A listener fetches as things come.
function lineOf(event: Event, { url, ordered, buffer }: KnownSubscription): NewDelivery['line'] {
  const conversation = conversationOfEvent(event);
  const isCollected = buffer !== null && event.type === 'message.received';
  if (url === null || conversation === null || !(ordered || isCollected)) return null;
  return { conversation, waitMs: (buffer?.seconds ?? 0) * 1_000, fullAt: buffer?.max ?? 1 };
}

function toJob(
  delivery: NewDelivery,
  about: { event: Event; body: Rendered; createdAt: number; heldUntil: number },
): Job {
  const { event, body } = about;
  return {
    organisationId: event.organisationId,
    subscriptionId: delivery.subscriptionId,
    eventId: event.id,
    dialect: delivery.dialect,
    rows: [{ id: delivery.id, createdAt: about.createdAt }],
    attempt: 0,
    batch: null,
    isSingle: false,
    ...body,
    heldUntil: about.heldUntil,
    line: null,
  };
}
