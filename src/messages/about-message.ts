// What every event of a message says of it: number, conversation and customer, by what the message's own row holds.
import { namesInKey } from '../conversations/conversation.ts';
import { contactIdOf, conversationIdOf } from '../conversations/ids.ts';
import { toEventNumber, type EventNumber, type OutboundFacts, type Person } from '../events/event.ts';
import { newId, type ConversationId, type EventId, type OrganisationId } from '../kernel/ids.ts';
import type { ToldRow } from './progress-store.ts';

export interface AboutMessage {
  id: EventId;
  organisationId: OrganisationId;
  at: number;
  number: EventNumber;
  messageId: string;
  wamid: string | null;
  conversationId: ConversationId;
  conversation: string;
  person: Person;
}

export interface MessageRow {
  organisationId: OrganisationId;
  messageId: string;
  wamid: string | null;
  /** As the application wrote it. */
  conversation: string;
  /** What is known of conversation and customer; absent where it was not read. */
  conversationId?: ConversationId | null;
  /** The conversation it belongs to, where it was written to by another name of the customer. */
  sameAs?: string | null;
  name?: string | null;
  phone?: string | null;
  userId?: string | null;
}

/** A new event's beginning, now. */
export function aboutMessage(
  row: MessageRow,
  { number, now }: { number: EventNumber; now: number },
): AboutMessage {
  const { phoneNumberId } = number;
  const { organisationId, messageId, wamid } = row;
  const conversation = row.sameAs ?? row.conversation;
  const names = namesInKey(conversation);
  return {
    id: newId('evt', now),
    organisationId,
    at: now,
    number: toEventNumber(number),
    messageId,
    wamid,
    conversationId: row.conversationId ?? conversationIdOf(phoneNumberId, conversation),
    conversation,
    person: {
      id: contactIdOf(phoneNumberId, conversation),
      name: row.name,
      // Where neither says one: null if the contact was read, undefined if not.
      phone: row.phone ?? names.phone ?? row.phone,
      userId: row.userId ?? names.userId,
    },
  };
}

/** What was sent, as events say it, by the message's own row. */
export function outboundFacts(row: ToldRow): OutboundFacts {
  const { type, body, createdAt, callbackData, source } = row;
  return {
    type,
    body,
    createdAt: createdAt.getTime(),
    callbackData,
    source: source === null ? 'api' : 'app',
  };
}
