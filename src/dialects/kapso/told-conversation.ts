// A conversation as Kapso's webhooks tell it. Its id is a UUID there: ours in that form.
import { namesInKey } from '../../conversations/conversation.ts';
import type {
  ConversationEvent,
  MessageOutbound,
  MessageReceived,
  MessageStatus,
} from '../../events/event.ts';
import { uuidOf } from '../../kernel/ids.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import { messageText } from '../../meta/message-text.ts';
import { instantMs, text } from '../../meta/webhook-envelope.ts';

/** The conversation in which a message just came, went, or was heard of. */
export function activeConversation(
  event: MessageReceived | MessageStatus | MessageOutbound,
  message: JsonObject,
): JsonObject {
  const at = new Date(event.at).toISOString();
  const isNew = 'isNewConversation' in event && event.isNewConversation;
  const isGroup = message['group_id'] !== undefined || message['recipient_type'] === 'group';
  const names = namesInKey(event.conversation);
  return {
    id: uuidOf(event.conversationId),
    phone_number: isGroup ? null : (event.person.phone ?? names.phone),
    business_scoped_user_id: isGroup ? null : (event.person.userId ?? names.userId),
    status: 'active',
    last_active_at: at,
    ...(isNew ? { created_at: at } : {}),
    updated_at: at,
    metadata: {},
    phone_number_id: event.number.phoneNumberId,
    // Of a status nothing more is known, and Kapso leaves the block out there too.
    ...(event.type === 'message.status' ? {} : { kapso: lastMessage(event, message, isNew) }),
  };
}

function lastMessage(
  event: MessageReceived | MessageOutbound,
  message: JsonObject,
  isNew: boolean,
): JsonObject {
  const at = new Date(instantMs(message['timestamp']) ?? event.at).toISOString();
  const isInbound = 'field' in event && event.field === 'messages';
  return {
    ...(event.person.name === undefined ? {} : { contact_name: event.person.name }),
    ...(isNew ? { messages_count: 1 } : {}),
    last_message_id: event.wamid,
    last_message_type: text(message['type']) ?? null,
    last_message_timestamp: at,
    last_message_text: messageText(message),
    // When the other side last wrote is not looked up; in a conversation that begins it never did.
    ...(isNew ? { last_inbound_at: null, last_outbound_at: null } : {}),
    [isInbound ? 'last_inbound_at' : 'last_outbound_at']: at,
  };
}

/** A conversation by its resource. */
export function toldConversation({ resource, ...event }: ConversationEvent): JsonObject {
  const contact = isObject(resource['contact']) ? resource['contact'] : {};
  const names = namesInKey(event.conversation);
  const phone = names.phone ?? text(contact['phone_number']);
  return {
    id: uuidOf(event.conversationId),
    phone_number: phone?.replace(/^\+/, '') ?? null,
    business_scoped_user_id: text(contact['user_id']) ?? names.userId,
    status: resource['status'] === 'resolved' ? 'ended' : 'active',
    last_active_at: resource['last_message_at'] ?? null,
    created_at: resource['created_at'] ?? null,
    updated_at: resource['updated_at'] ?? null,
    metadata: {},
    phone_number_id: event.number.phoneNumberId,
    kapso: {
      contact_name: text(contact['name']) ?? null,
      last_message_timestamp: resource['last_message_at'] ?? null,
      last_inbound_at: resource['last_inbound_at'] ?? null,
      last_outbound_at: resource['last_outbound_at'] ?? null,
    },
  };
}
