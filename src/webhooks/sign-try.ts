// The headers of one try: its dialect's own, signed with the secrets in force at that moment.
import type { DeliveryId, EventId } from '../kernel/ids.ts';
import type { KnownSubscription } from './subscription-directory.ts';
import type { Signing, Tellings, WebhookDialect } from './telling.ts';

export interface ToSign extends Pick<Signing, 'body' | 'name' | 'subject' | 'source' | 'batch'> {
  dialect: WebhookDialect;
  eventId: EventId;
  /** Of the first, where several go out as one body. */
  id: DeliveryId;
  /** Tries so far. */
  attempt: number;
}

export function signTry(
  tellings: Tellings,
  subscription: KnownSubscription,
  { what, now }: { what: ToSign; now: number },
): Record<string, string> {
  const { dialect, id, attempt, ...rest } = what;
  return {
    'content-type': 'application/json',
    ...tellings[dialect].headers({
      ...rest,
      deliveryId: id,
      attempt: attempt + 1,
      now,
      secrets: subscription.secrets
        .filter((one) => one.expiresAt === null || one.expiresAt.getTime() > now)
        .map((one) => one.secret),
    }),
  };
}
