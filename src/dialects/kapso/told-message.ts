// A message as Kapso's webhooks tell it: Meta's own message, and beside it a block `kapso` of what the gateway knows. What was not
// looked for is absent; null says that there is none.
import type {
  EchoField,
  EventNumber,
  MediaState,
  MessageOutbound,
  MessageReceived,
  MessageStatus,
  Person,
} from '../../events/event.ts';
import { uuidOf, type ConversationId } from '../../kernel/ids.ts';
import { isObject, jsonOf, type Json, type JsonObject } from '../../kernel/json.ts';
import { messageText } from '../../meta/message-text.ts';
import { text } from '../../meta/webhook-envelope.ts';
import { activeConversation } from './told-conversation.ts';

/** What a customer wrote; or, by its field, an echo's edit or revocation. */
export function toldReceived(event: MessageReceived): JsonObject {
  const { message, media, field } = event;
  const about =
    field === 'messages'
      ? { direction: 'inbound', status: 'received', processing_status: 'pending', origin: 'cloud_api' }
      : { direction: 'outbound', status: 'sent', processing_status: 'completed', origin: originOf(field) };
  return {
    message: toldMessage(event, message, { ...about, ...saidIn(message, media) }),
    conversation: activeConversation(event, message),
    is_new_conversation: event.isNewConversation,
    phone_number_id: event.number.phoneNumberId,
  };
}

/** What was sent through Kurir, with the statuses that are known by now. */
export function toldSent(event: MessageStatus): JsonObject {
  const { outbound, number } = event;
  const { body, type } = outbound;
  const quoted = isObject(body['context']) ? text(body['context']['message_id']) : undefined;
  const content = body[type];
  const message: JsonObject = {
    ...(content === undefined ? {} : { [type]: content }),
    id: event.wamid ?? event.messageId,
    timestamp: seconds(outbound.createdAt),
    type,
    from: number.phone,
    ...recipientOf(event),
    context: quoted === undefined ? null : { id: quoted },
  };
  const kapso = {
    direction: 'outbound',
    status: event.status === 'played' ? 'read' : event.status,
    processing_status: event.status === 'failed' ? 'failed' : 'completed',
    origin: outbound.source === 'app' ? 'business_app' : 'cloud_api',
    ...saidIn(message, null),
    statuses: statusesOf(event, text(message['id']) ?? ''),
  };
  return {
    message: toldMessage(event, message, kapso),
    conversation: activeConversation(event, message),
    is_new_conversation: false,
    phone_number_id: number.phoneNumberId,
  };
}

/** What the business wrote elsewhere. */
export function toldEcho(
  event: MessageOutbound,
  echo: { field: EchoField; message: JsonObject },
): JsonObject {
  const kapso = {
    direction: 'outbound',
    status: 'sent',
    processing_status: 'completed',
    origin: originOf(echo.field),
    ...saidIn(echo.message, null),
    statuses: [],
  };
  return {
    message: toldMessage(event, echo.message, kapso),
    conversation: activeConversation(event, echo.message),
    is_new_conversation: false,
    phone_number_id: event.number.phoneNumberId,
  };
}

interface About {
  number: EventNumber;
  conversationId: ConversationId;
  person: Person;
}

function toldMessage(about: About, message: JsonObject, kapso: JsonObject): JsonObject {
  const { number, person, conversationId } = about;
  return {
    ...message,
    context: message['context'] ?? null,
    kapso: {
      ...kapso,
      phone_number: person.phone ?? null,
      phone_number_id: number.phoneNumberId,
      ...(person.name === undefined ? {} : { contact_name: person.name }),
      whatsapp_conversation_id: uuidOf(conversationId),
    },
  };
}

function originOf(field: EchoField): string {
  return field === 'smb_message_echoes' ? 'business_app' : 'cloud_api';
}

const MEDIA_TYPES: ReadonlySet<string> = new Set(['image', 'video', 'audio', 'document', 'sticker']);

function saidIn(message: JsonObject, media: MediaState | null): JsonObject {
  const type = text(message['type']) ?? '';
  const content = message[type];
  const said = { content: messageText(message), message_type_data: isObject(content) ? content : null };
  if (!isObject(content)) return { ...said, has_media: false };
  return {
    ...said,
    ...(MEDIA_TYPES.has(type) ? mediaIn(content, media) : { has_media: false }),
    ...(type === 'order' ? { order_text: text(content['text']) ?? null } : {}),
    ...(type === 'interactive' ? flowReplyIn(content) : {}),
  };
}

// Ours where it is kept, else the public link that it was sent by.
function mediaIn(content: JsonObject, media: MediaState | null): JsonObject {
  const url = media?.url ?? text(content['link']) ?? null;
  if (url === null) return { has_media: false, media_url: null, media_data: null };
  const media_data = {
    url,
    filename: text(content['filename']) ?? null,
    content_type: text(content['mime_type']) ?? null,
  };
  return { has_media: true, media_url: url, media_data };
}

function flowReplyIn(interactive: JsonObject): JsonObject {
  const reply = interactive['nfm_reply'];
  if (!isObject(reply)) return {};
  const response = parsed(reply['response_json']);
  return {
    flow_response: response,
    flow_token: isObject(response) ? (text(response['flow_token']) ?? null) : null,
    flow_name: text(reply['name']) ?? null,
  };
}

function parsed(json: Json | undefined): Json {
  try {
    return typeof json === 'string' ? jsonOf(json) : null;
  } catch {
    // A flow may answer with anything; its text stands in the message.
    return null;
  }
}

function recipientOf({ conversation, person, outbound }: MessageStatus): JsonObject {
  if (outbound.body['recipient_type'] === 'group') return { to: conversation, recipient_type: 'group' };
  return {
    ...(person.phone ? { to: person.phone } : {}),
    ...(person.userId === null ? {} : { to_user_id: person.userId }),
  };
}

// Of those before this one what we still know; this one as Meta told it.
function statusesOf(event: MessageStatus, id: string): JsonObject[] {
  const steps = ['sent', 'delivered', 'read'] as const;
  const reached = steps.findIndex((step) => step === event.status);
  const before = event.status === 'played' || event.status === 'failed' ? steps : steps.slice(0, reached);
  return [
    ...before.flatMap((status) => {
      const at = event.times[status];
      return at === null ? [] : [{ id, status, timestamp: seconds(at) }];
    }),
    event.told,
  ];
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1_000));
}
