// What subscribers hear of customers' messages: each once, however often Meta tells it, with what stood around it.
import type { Context } from '../context.ts';
import { contactIdOf } from '../conversations/ids.ts';
import type { MessageReceived } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import { newId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import { newMediaState } from '../media/media-states.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { InboundMessage, KeptMessage } from './keep-store.ts';

/** A message of a customer, and what is told of it. */
export interface Received extends InboundMessage {
  number: BusinessNumber;
  message: JsonObject;
  contacts: JsonObject[];
  errors: JsonObject[];
}

export function wantsReceived(teller: Teller, { number, type }: Pick<Received, 'number' | 'type'>): boolean {
  return teller.wants(number.organisationId, {
    type: eventTypeOf(type),
    phoneNumberId: number.phoneNumberId,
  });
}

/** The events of what was kept; what was there before says nothing. */
export function eventsOfReceived(
  ctx: Context,
  teller: Teller,
  { rows, kept }: { rows: readonly Received[]; kept: readonly (KeptMessage | null)[] },
): MessageReceived[] {
  return rows.flatMap((row, i) => {
    const made = kept[i];
    return made && wantsReceived(teller, row) ? [toEvent(ctx, row, made)] : [];
  });
}

function eventTypeOf(type: string): MessageReceived['type'] {
  if (type === 'edit') return 'message.edited';
  return type === 'revoke' ? 'message.revoked' : 'message.received';
}

function toEvent(ctx: Context, row: Received, kept: KeptMessage): MessageReceived {
  const now = ctx.clock.now();
  const { phoneNumberId, wabaId, phone, displayPhoneNumber, organisationId } = row.number;
  const { contact } = kept;
  return {
    type: eventTypeOf(row.type),
    id: newId('evt', now),
    organisationId,
    at: now,
    number: { phoneNumberId, wabaId, phone, displayPhoneNumber },
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
