// Subscriptions of a house for tests, and what its customers' messages become at their hooks.
import type { DeliveryId, OrganisationId, SubscriptionId } from '../../src/kernel/ids.ts';
import type { NewSubscription } from '../../src/webhooks/make-subscription.ts';
import type { Heard } from './hook.ts';
import { until, type House } from './house.ts';
import { subscribe as subscribeTo } from './subscribe.ts';
import { inboundText, messageEnvelope, postWebhook } from './signed-webhooks.ts';

/** Deliveries go to this machine, and their waits are a thousandth. */
export const LOOPBACK = { webhookAllow: '127.0.0.0/8', webhookRetryScale: 1_000 };

export async function subscribe(
  house: Pick<House, 'gateway' | 'organisationId'>,
  about: Partial<NewSubscription>,
): Promise<SubscriptionId> {
  const { subscription } = await subscribeTo(house, { events: ['message.received'], ...about });
  return subscription.id;
}

export function organisationOf(house: Pick<House, 'organisationId'>): OrganisationId {
  return house.organisationId as OrganisationId;
}

/** A customer writes, once Meta's webhook is answered. */
export async function writes(house: Pick<House, 'gateway'>, from: string, ...texts: string[]): Promise<void> {
  const messages = texts.map((text) => inboundText(from, `wamid.${from}.${text}`, text));
  const { status } = await postWebhook(house, messageEnvelope(messages));
  if (status !== 200) throw new Error(`The webhook was answered ${status}.`);
}

/** The texts in a body of the kirim dialect, in their order. */
export function textsIn({ body }: Pick<Heard, 'body'>): string[] {
  return [...body.matchAll(/"text":\{"body":"([^"]*)"\}/g)].map(([, text = '']) => text);
}

export interface DeliveryRow {
  id: DeliveryId;
  subscription_id: SubscriptionId;
  type: string;
  state: 'pending' | 'succeeded' | 'dead';
  attempt: number;
  created_at: Date;
  due_at: Date | null;
  replayed_from: string | null;
  turn: string | null;
  tries: { status?: number; error?: string; at: string; ms: number }[];
}

/** The deliveries of a subscription, the oldest first; those of one moment in any order. */
export function deliveriesOf(house: Pick<House, 'ctx'>, subscriptionId: string): Promise<DeliveryRow[]> {
  return house.ctx.db.query<DeliveryRow>(
    'select * from deliveries where subscription_id = $1 order by created_at, id',
    [subscriptionId],
  );
}

/** Resolves with its deliveries when there are some and none of them waits any more. */
export function settled(house: Pick<House, 'ctx'>, subscriptionId: string): Promise<DeliveryRow[]> {
  return until('its deliveries are over', async () => {
    const rows = await deliveriesOf(house, subscriptionId);
    return rows.length > 0 && rows.every((row) => row.state !== 'pending') && rows;
  });
}
