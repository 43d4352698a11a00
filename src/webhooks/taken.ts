// A delivery that was taken from the table with what it says.
import type { DeliveryId, EventId, OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { Row } from '../storage/db.ts';
import type { WebhookDialect } from './telling.ts';

export interface Taken {
  organisationId: OrganisationId;
  id: DeliveryId;
  subscriptionId: SubscriptionId;
  eventId: EventId;
  type: string;
  dialect: WebhookDialect;
  createdAt: number;
  attempt: number;
  conversation: string | null;
  turn: number | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

export interface TakenRow extends Row {
  organisation_id: OrganisationId;
  id: DeliveryId;
  subscription_id: SubscriptionId;
  event_id: EventId;
  type: string;
  dialect: WebhookDialect;
  created_at: Date;
  attempt: number;
  conversation: string | null;
  turn: number | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

export function toTaken(row: TakenRow): Taken {
  return {
    organisationId: row.organisation_id,
    id: row.id,
    subscriptionId: row.subscription_id,
    eventId: row.event_id,
    type: row.type,
    dialect: row.dialect,
    createdAt: row.created_at.getTime(),
    attempt: row.attempt,
    conversation: row.conversation,
    turn: row.turn,
    name: row.name,
    subject: row.subject,
    source: row.source,
    body: row.body,
  };
}
