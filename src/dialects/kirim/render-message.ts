// A message as the kirim dialect shows it: what the send answers, and the whole resource.
import type { Failure } from '../../kernel/errors.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import { wireStatus, type Message } from '../../messages/message.ts';
import type { ShownMedia } from '../../media/media-states.ts';
import type { Amended } from '../../messages/read-messages.ts';
import type { Sent } from '../../messages/send-message.ts';
import type { OutboundMessage } from '../../meta/outbound.ts';
import { text } from '../../meta/webhook-envelope.ts';
import { renderEdited, renderSaid, renderSentBody } from '../render-said.ts';

/** The `data` of an answered send. */
export function renderSent(sent: Sent, message: OutboundMessage): object {
  return {
    id: sent.id,
    object: 'message',
    to: shownRecipient(message.conversation),
    type: message.type,
    status: sent.status,
    created_at: sent.createdAt.toISOString(),
    conversation_id: sent.conversationId,
    // What is undefined is left out of JSON.
    message_id: sent.wamid ?? undefined,
    error: sent.failure === null ? undefined : renderFailure(sent.failure),
  };
}

export function renderFailure(failure: Failure): object {
  return { code: failure.code, message: failure.message, provider_code: failure.providerCode };
}

/** The message resource; `businessPhone` is the number's own, in digits. */
export function renderMessage(message: Message, businessPhone: string, amended?: Amended): object {
  const inbound = message.direction === 'inbound';
  const body = isObject(message.body) ? message.body : {};
  // Written outside of Kurir, a message is kept in the words in which Meta told of it.
  const told = inbound || message.source !== null;
  const resource = {
    id: message.id,
    object: 'message',
    direction: message.direction,
    phone_number_id: message.phoneNumberId,
    ...(inbound ? sender(message, body) : { from: `+${businessPhone}` }),
    to: inbound ? `+${businessPhone}` : shownRecipient(message.conversation),
    type: message.type,
    status: wireStatus(message.state, message.mayHaveLeft),
    created_at: message.createdAt.toISOString(),
    conversation_id: message.conversationId,
    message_id: message.wamid,
    ...(message.source === null ? {} : { source: message.source }),
    ...(message.callbackData === null ? {} : { biz_opaque_callback_data: message.callbackData }),
    ...(message.failure === null ? {} : { error: renderFailure(message.failure) }),
    ...(message.otherWamids.length === 0 ? {} : { other_message_ids: message.otherWamids }),
    ...(message.pricing === null ? {} : { pricing: message.pricing }),
    status_times: statusTimes(message),
    ...(message.expiresAt === null ? {} : { expires_at: message.expiresAt.toISOString() }),
    ...(amended === undefined ? {} : amendments(amended)),
  };
  const said = told ? renderSaid(message.type, body) : renderSentBody(message.type, body);
  // Named twice: the resource's members stand first, and whatever a type of Meta's is called, it takes none of them away.
  return { ...resource, ...said, ...resource };
}

/** What the resource says of the medium that came with the message; its address works once the status is ready. */
export function renderMedia(media: ShownMedia | undefined): object {
  if (media === undefined) return {};
  const { url, status, failure } = media;
  return { media_url: url, media_status: status, ...(failure === null ? {} : { media_error: failure }) };
}

function sender(message: Message, body: JsonObject): object {
  const [phone, userId, group] = [text(body['from']), text(body['from_user_id']), text(body['group_id'])];
  return {
    from: shownRecipient(phone ?? userId ?? message.conversation),
    ...(userId === undefined ? {} : { from_user_id: userId }),
    ...(group === undefined ? {} : { group_id: group }),
  };
}

function amendments({ edit, editedAt, revokedAt }: Amended): object {
  return {
    ...(editedAt === null ? {} : { edited_at: editedAt.toISOString(), edited: renderEdited(edit) }),
    ...(revokedAt === null ? {} : { revoked_at: revokedAt.toISOString() }),
  };
}

function statusTimes(message: Message): object {
  const times = {
    pending: message.pendingAt,
    sent: message.sentAt,
    delivered: message.deliveredAt,
    read: message.readAt,
    failed: message.failedAt,
  };
  return Object.fromEntries(
    Object.entries(times).flatMap(([status, at]) => (at === null ? [] : [[status, at.toISOString()]])),
  );
}

/** Phone numbers as E.164; business-scoped user ids and groups as they are. */
function shownRecipient(conversation: string): string {
  return /^\d+$/.test(conversation) ? `+${conversation}` : conversation;
}
