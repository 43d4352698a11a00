// A subscription: who is told of what, where, and in whose words.
//
//   active    hears of every event it names
//   paused    by a person: events are kept for it and go out when it is turned on again
//   disabled  by Kurir, after deliveries died in a row (`health.ts`): like paused, but only for three days: by then nobody misses it
//
// Without an address it is a listener's (`kurir listen`): its deliveries wait to be fetched, and while nobody fetches, none are made.
import type { EventType } from '../events/event.ts';
import type { OrganisationId, SecretId, SubscriptionId } from '../kernel/ids.ts';
import type { WebhookDialect } from './telling.ts';

export const SUBSCRIPTION_STATES = ['active', 'paused', 'disabled'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

export interface Buffering {
  seconds: number;
  /** So many messages go out at once, however young. */
  max: number;
}

export interface Subscription {
  organisationId: OrganisationId;
  id: SubscriptionId;
  /** Null: its deliveries wait to be fetched by a listener. */
  url: string | null;
  dialect: WebhookDialect;
  /** Types, those of EVENT_GROUPS, `*`. */
  events: readonly string[];
  /** Null: all numbers. */
  phoneNumberIds: readonly string[] | null;
  description: string | null;
  status: SubscriptionState;
  statusReason: string | null;
  statusSince: Date;
  ordered: boolean;
  buffer: Buffering | null;
  deadInARow: number;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  /** Of a listener: when it last asked, to the minute. */
  lastFetchAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface Secret {
  id: SecretId;
  createdAt: Date;
  expiresAt: Date | null;
}

export interface OpenSecret extends Secret {
  secret: string;
}

/** What an event is, and of which number: null for none, absent for any. */
export interface Topic {
  type: EventType;
  phoneNumberId?: string | null;
}

/** Whether a subscription names the event and its number. */
export function isFor(subscription: Pick<Subscription, 'events' | 'phoneNumberIds'>, about: Topic): boolean {
  const { events, phoneNumberIds } = subscription;
  const group = `${about.type.slice(0, about.type.indexOf('.'))}.*`;
  if (!events.includes(about.type) && !events.includes('*') && !events.includes(group)) return false;
  if (about.phoneNumberId === undefined) return true;
  // What is about no number (an account, a subscription) is told to those who did not choose any.
  return (
    phoneNumberIds === null || (about.phoneNumberId !== null && phoneNumberIds.includes(about.phoneNumberId))
  );
}

/** A listener that has not asked for so long hears nothing more until it asks again: what is kept for it would only pile up. */
const LISTENER_IDLE_MS = 5 * 60_000;
/** How old what is known of its last asking may be. */
export const FETCH_NOTED_MS = 60_000;

/** Whether nobody listens for a subscription that has no address. */
export function isAsleep(
  { url, lastFetchAt }: Pick<Subscription, 'url' | 'lastFetchAt'>,
  now: number,
): boolean {
  return url === null && now - (lastFetchAt?.getTime() ?? 0) > LISTENER_IDLE_MS + FETCH_NOTED_MS;
}

/** So long after Kurir has turned it off a subscription is kept what happens. */
const DISABLED_KEPT_MS = 3 * 24 * 3_600_000;

/** Whether nothing more is to be kept for it: nobody listens, or it was turned off long ago. */
export function isForgotten(
  subscription: Pick<Subscription, 'url' | 'lastFetchAt' | 'status' | 'statusSince'>,
  now: number,
): boolean {
  const { status, statusSince } = subscription;
  return (
    isAsleep(subscription, now) || (status === 'disabled' && now - statusSince.getTime() > DISABLED_KEPT_MS)
  );
}
