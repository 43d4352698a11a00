// What a conversation and its customer are called. Known from the number and the conversation's key alone, so that an event can name them
// before anything is written.
import { hashedId, type ContactId, type ConversationId } from '../kernel/ids.ts';

/** @param key as in `messages.conversation`: digits, a business-scoped user id, or a group */
export function conversationIdOf(phoneNumberId: string, key: string): ConversationId {
  return hashedId('cnv', `${phoneNumberId}\n${key}`);
}

/** The customer at the other end of that conversation. */
export function contactIdOf(phoneNumberId: string, key: string): ContactId {
  return hashedId('ctc', `${phoneNumberId}\n${key}`);
}
