// A message as it is told in Kurir's own words: those of its resource, with Meta's object whole under `meta`.
import type { MessageOutbound, MessageReceived, MessageStatus } from '../../events/event.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import { judgeMetaError } from '../../meta/error-table.ts';
import { instantMs, objects, text } from '../../meta/webhook-envelope.ts';
import { shownAddress, shownPerson } from '../native-data.ts';
import { renderSaid, renderSentBody } from '../render-said.ts';

export function toldReceived(event: MessageReceived): JsonObject {
  const { message, media, errors } = event;
  const type = text(message['type']) ?? 'unknown';
  const inbound = event.field === 'messages';
  const [userId, group] = [inbound ? text(message['from_user_id']) : undefined, text(message['group_id'])];
  const createdAt = iso(instantMs(message['timestamp']) ?? event.at);
  const resource = {
    ...aboutMessage(event, inbound ? { from: text(message['from']) ?? userId } : 'business'),
    ...(userId === undefined ? {} : { from_user_id: userId }),
    type,
    status: inbound ? 'delivered' : 'sent',
    created_at: createdAt,
    ...(group === undefined ? {} : { group_id: group }),
    status_times: inbound ? {} : { sent: createdAt },
    ...(media === null ? {} : { media_url: media.url, media_status: media.status }),
    is_new_conversation: event.isNewConversation,
    meta: message,
  };
  const beside = errors.length === 0 ? {} : { errors };
  // Named twice: whatever a type of Meta's is called, it takes none of the resource's members away.
  return { ...resource, ...beside, ...renderSaid(type, message), ...resource };
}

export function toldStatus(event: MessageStatus): JsonObject {
  const { told, status, times } = event;
  const error = status === 'failed' ? errorIn(told) : undefined;
  return {
    ...toldSent(event),
    status,
    ...(error === undefined ? {} : { error }),
    ...(isObject(told['pricing']) ? { pricing: told['pricing'] } : {}),
    status_times: Object.fromEntries(
      Object.entries(times).flatMap(([name, at]) => (at === null ? [] : [[name, iso(at)]])),
    ),
    meta: told,
  };
}

/** One that was accepted, or taken by Meta; or that was written elsewhere, in Meta's words. */
export function toldOutbound(event: MessageOutbound): JsonObject {
  const { type, outbound, echo } = event;
  const status = type === 'message.created' ? 'queued' : echo === null ? 'pending' : 'sent';
  const sent = { ...toldSent(event), status, source: outbound.source };
  return echo === null ? sent : { ...sent, meta: echo.message };
}

function toldSent(event: MessageStatus | MessageOutbound): JsonObject {
  const { type, body, createdAt, callbackData, source } = event.outbound;
  const said = source === 'app' ? renderSaid(type, body) : renderSentBody(type, body);
  const resource = {
    ...aboutMessage(event, 'business'),
    type,
    created_at: iso(createdAt),
    ...(callbackData === null ? {} : { biz_opaque_callback_data: callbackData }),
  };
  return { ...resource, ...said, ...resource };
}

/** @param writer the customer, as Meta names him; without a name, who the conversation is with */
function aboutMessage(
  event: MessageReceived | MessageStatus | MessageOutbound,
  writer: 'business' | { from: string | undefined },
): JsonObject {
  const { number, person, conversation } = event;
  const business = `+${number.phone}`;
  const way =
    writer === 'business'
      ? { direction: 'outbound', from: business, to: shownAddress(conversation) }
      : { direction: 'inbound', from: shownAddress(writer.from ?? conversation), to: business };
  return {
    id: event.messageId,
    object: 'message',
    ...way,
    phone_number_id: number.phoneNumberId,
    conversation_id: event.conversationId,
    contact: { id: person.id, object: 'contact', ...shownPerson(person) },
    message_id: event.wamid,
  };
}

// As the resource of a failed message has it.
function errorIn(told: JsonObject): JsonObject {
  const [error = {}] = objects(told['errors']);
  const data = isObject(error['error_data']) ? error['error_data'] : {};
  const provider = error['code'];
  const ours = text(data['kurir_code']);
  const message = text(data['details']) ?? text(error['title']) ?? text(error['message']) ?? null;
  if (ours !== undefined || typeof provider !== 'number')
    return { code: ours ?? 'whatsapp_error', message, provider_code: null };
  return { code: judgeMetaError(provider, 400).failure, message, provider_code: provider };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
