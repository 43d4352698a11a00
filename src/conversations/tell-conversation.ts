// What subscribers hear of a conversation.
import { toEventNumber, type ConversationEvent } from '../events/event.ts';
import { newId, type OrganisationId } from '../kernel/ids.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Conversation } from './conversation.ts';
import { conversationResource } from './resources.ts';

export function conversationEvent(
  conversation: Conversation,
  about: {
    organisationId: OrganisationId;
    number: BusinessNumber;
    now: number;
    type: ConversationEvent['type'];
  } & Pick<ConversationEvent, 'assignedTo' | 'assignedBefore' | 'reopenedBy'>,
): ConversationEvent {
  const { number, now, ...more } = about;
  return {
    id: newId('evt', now),
    at: now,
    number: toEventNumber(number),
    conversationId: conversation.id,
    conversation: conversation.key,
    resource: conversationResource(conversation, number.phone, now),
    ...more,
  };
}
