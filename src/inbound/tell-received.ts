// What subscribers hear of customers' messages: each once, however often Meta tells it, with what stood around it.
import type { Context } from '../context.ts';
import { contactIdOf } from '../conversations/ids.ts';
import { eventsOfMet, wantsMet, type Met, type MetParts } from '../conversations/tell-met.ts';
import { toEventNumber, type Event, type MessageReceived } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import { newId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import { newMediaState } from '../media/media-states.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Queryable } from '../storage/db.ts';
import type { InboundMessage, KeptMessage, MetContact } from './keep-store.ts';

/** A message of a customer, and what is told of it. */
export interface Received extends InboundMessage {
  number: BusinessNumber;
  message: JsonObject;
  contacts: JsonObject[];
  errors: JsonObject[];
}

export function wantsReceived(teller: Teller, row: Pick<Received, 'number' | 'type'>): boolean {
  return wantsMessage(teller, row) || wantsMet(teller, row.number.organisationId);
}

function wantsMessage(teller: Teller, { number, type }: Pick<Received, 'number' | 'type'>): boolean {
  return teller.wants(number.organisationId, {
    type: eventTypeOf(type),
    phoneNumberId: number.phoneNumberId,
  });
}

/** The events of what was kept, and of whom it introduced; what was there before says nothing. */
export async function eventsOfReceived(
  ctx: Context,
  parts: MetParts,
  { tx, rows, kept }: { tx: Queryable; rows: readonly Received[]; kept: readonly (KeptMessage | null)[] },
): Promise<Event[]> {
  const fresh = rows.flatMap((row, i) => {
    const made = kept[i];
    return made ? [{ row, made }] : [];
  });
  const met = await eventsOfMet(ctx, parts, { tx, met: fresh.flatMap(({ row, made }) => metBy(row, made)) });
  const received = fresh.filter(({ row }) => wantsMessage(parts.teller, row));
  return [...met, ...received.map(({ row, made }) => toEvent(ctx, row, made))];
}

function metBy({ id, number }: Received, kept: KeptMessage): Met[] {
  const { contact, conversationId, isNewConversation, reopens } = kept;
  const isNews =
    isNewConversation || reopens || (contact !== null && (contact.isNew || contact.changed.length > 0));
  if (!isNews) return [];
  const { organisationId, phoneNumberId } = number;
  return [
    {
      organisationId,
      phoneNumberId,
      newConversationId: isNewConversation ? conversationId : undefined,
      reopened: reopens ? { conversationId, by: id } : undefined,
      contact: contact ? whatIsNew(contact) : undefined,
    },
  ];
}

function whatIsNew({ id, isNew, changed }: MetContact): Met['contact'] {
  if (isNew) return { id, isNew, source: 'inbound' };
  return changed.length === 0 ? undefined : { id, isNew, changed };
}

function eventTypeOf(type: string): MessageReceived['type'] {
  if (type === 'edit') return 'message.edited';
  return type === 'revoke' ? 'message.revoked' : 'message.received';
}

function toEvent(ctx: Context, row: Received, kept: KeptMessage): MessageReceived {
  const now = ctx.clock.now();
  const { phoneNumberId, organisationId } = row.number;
  const { contact } = kept;
  return {
    type: eventTypeOf(row.type),
    id: newId('evt', now),
    organisationId,
    at: now,
    number: toEventNumber(row.number),
    messageId: row.id,
    wamid: row.wamid,
    conversationId: kept.conversationId,
    conversation: kept.conversation,
    // Nobody, where a group speaks of itself.
    person: {
      id: contact?.id ?? contactIdOf(phoneNumberId, kept.conversation),
      name: contact?.name ?? null,
      phone: contact?.phone ?? null,
      userId: contact?.userId ?? null,
    },
    field: 'messages',
    message: row.message,
    contacts: row.contacts,
    errors: row.errors,
    isNewConversation: kept.isNewConversation,
    media: row.media && newMediaState(ctx, { organisationId, messageId: row.id }),
  };
}
