// What Kurir itself has to say, beside Meta's words: the `data` of an event, in the shapes of the kirim dialect.
import type {
  ContactEvent,
  ConversationEvent,
  DuplicateDetected,
  MessageMedia,
  MessageOutbound,
  Person,
  SubscriptionDisabled,
  WebhookTest,
} from '../events/event.ts';
import type { JsonObject } from '../kernel/json.ts';
import { messageText } from '../meta/message-text.ts';

export type NativeEvent =
  | MessageOutbound
  | DuplicateDetected
  | MessageMedia
  | ConversationEvent
  | ContactEvent
  | SubscriptionDisabled
  | WebhookTest;

export function nativeData(event: NativeEvent): JsonObject {
  switch (event.type) {
    case 'message.created':
    case 'message.sent':
      return outboundData(event);
    case 'message.duplicate_detected':
      return {
        message: {
          id: event.messageId,
          object: 'message',
          conversation_id: event.conversationId,
          phone_number_id: event.number.phoneNumberId,
        },
        message_ids: event.wamids,
      };
    case 'message.media':
      return mediaData(event);
    case 'conversation.created':
      return { conversation: event.resource };
    case 'conversation.assigned':
      return {
        conversation: event.resource,
        assignee: {
          user_id: event.assignedTo ?? null,
          team_id: null,
          previous_user_id: event.assignedBefore ?? null,
        },
      };
    case 'conversation.closed':
      return { conversation: { ...event.resource, closed_by_user_id: null } };
    case 'conversation.reopened':
      return { conversation: event.resource, message_id: event.reopenedBy ?? null };
    case 'contact.created':
      return { contact: event.resource, acquisition_source: event.acquisitionSource ?? null };
    case 'contact.updated':
    case 'contact.identity_updated':
      return { contact: event.resource, changed_fields: event.changedFields ?? [] };
    case 'webhook_subscription.disabled':
      return {
        webhook_subscription: {
          id: event.subscriptionId,
          object: 'webhook_subscription',
          url: event.url,
          status: 'disabled',
        },
        reason: event.reason,
      };
    case 'webhook.test':
      return { webhook_subscription: { id: event.subscriptionId, object: 'webhook_subscription' } };
  }
}

function outboundData(event: MessageOutbound): JsonObject {
  const { outbound, number } = event;
  const content = outbound.body[outbound.type];
  return {
    session: number.phoneNumberId,
    message: {
      // First, so that no type of tomorrow can take the place of what follows.
      ...(content === undefined ? {} : { [outbound.type]: content }),
      id: event.messageId,
      provider_id: event.wamid,
      type: outbound.type,
      body: messageText(outbound.body),
      to: shownAddress(event.conversation),
      source: outbound.source,
      conversation_id: event.conversationId,
      ...(outbound.callbackData === null ? {} : { biz_opaque_callback_data: outbound.callbackData }),
    },
    contact: shownPerson(event.person),
    timestamp: new Date(event.at).toISOString(),
    meta: { phone_number_id: number.phoneNumberId },
  };
}

function mediaData({ media, ...event }: MessageMedia): JsonObject {
  return {
    message: {
      id: event.messageId,
      object: 'message',
      type: event.messageType,
      message_id: event.wamid,
      conversation_id: event.conversationId,
      phone_number_id: event.number.phoneNumberId,
    },
    contact: shownPerson(event.person),
    media:
      media.status === 'ready'
        ? { status: media.status, url: media.url, mime_type: media.mimeType, size: media.size }
        : media,
  };
}

/** Phone numbers as E.164; business-scoped user ids and groups as they are. */
export function shownAddress(address: string): string {
  return /^\d+$/.test(address) ? `+${address}` : address;
}

/** What was not looked for is left out. */
export function shownPerson(person: Omit<Person, 'id'>): JsonObject {
  const phone = person.phone === null ? null : `+${person.phone}`;
  return {
    ...(person.name === undefined ? {} : { name: person.name }),
    ...(person.phone === undefined ? {} : { phone_number: phone }),
    ...(person.userId === null ? {} : { user_id: person.userId }),
  };
}
