// A webhook subscription as the kirim dialect shows it. Its secrets are named, never shown: one is, in the answer that makes it.
import type { Listed } from '../../webhooks/make-subscription.ts';

export function renderSubscription({ subscription, secrets }: Listed): object {
  return {
    id: subscription.id,
    object: 'webhook_subscription',
    url: subscription.url,
    dialect: subscription.dialect,
    status: subscription.status,
    status_reason: subscription.statusReason,
    status_since: subscription.statusSince.toISOString(),
    events: subscription.events,
    phone_number_ids: subscription.phoneNumberIds,
    description: subscription.description,
    ordered: subscription.ordered,
    buffer: subscription.buffer,
    secrets: secrets.map((one) => ({
      id: one.id,
      created_at: one.createdAt.toISOString(),
      expires_at: shown(one.expiresAt),
    })),
    dead_in_a_row: subscription.deadInARow,
    last_success_at: shown(subscription.lastSuccessAt),
    last_failure_at: shown(subscription.lastFailureAt),
    // Of a listener, to the minute.
    ...(subscription.url === null ? { last_fetch_at: shown(subscription.lastFetchAt) } : {}),
    created_at: subscription.createdAt.toISOString(),
    updated_at: subscription.updatedAt.toISOString(),
  };
}

function shown(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
