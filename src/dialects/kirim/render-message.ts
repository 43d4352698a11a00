// A message as the kirim dialect shows it: what the send answers, and the whole resource.
import type { Failure } from '../../kernel/errors.ts';
import { isObject } from '../../kernel/json.ts';
import { wireStatus, type Message } from '../../messages/message.ts';
import type { Sent } from '../../messages/send-message.ts';
import type { OutboundMessage } from '../../meta/outbound.ts';

/** The `data` of an answered send. */
export function renderSent(sent: Sent, message: OutboundMessage): object {
  return {
    id: sent.id,
    object: 'message',
    to: shownRecipient(message.conversation),
    type: message.type,
    status: sent.status,
    created_at: sent.createdAt.toISOString(),
    // What is undefined is left out of JSON.
    message_id: sent.wamid ?? undefined,
    error: sent.failure === null ? undefined : renderFailure(sent.failure),
  };
}

export function renderFailure(failure: Failure): object {
  return { code: failure.code, message: failure.message, provider_code: failure.providerCode };
}

/** The message resource; `businessPhone` is the number's own, in digits. */
export function renderMessage(message: Message, businessPhone: string): object {
  const inbound = message.direction === 'inbound';
  const content = isObject(message.body) ? message.body[message.type] : undefined;
  return {
    id: message.id,
    object: 'message',
    direction: message.direction,
    phone_number_id: message.phoneNumberId,
    from: inbound ? shownRecipient(message.conversation) : `+${businessPhone}`,
    to: inbound ? `+${businessPhone}` : shownRecipient(message.conversation),
    type: message.type,
    ...(message.type === 'text' && isObject(content) ? { content: content['body'] } : {}),
    ...(content === undefined ? {} : { [message.type]: content }),
    status: wireStatus(message.state, message.mayHaveLeft),
    created_at: message.createdAt.toISOString(),
    message_id: message.wamid,
    ...(message.callbackData === null ? {} : { biz_opaque_callback_data: message.callbackData }),
    ...(message.failure === null ? {} : { error: renderFailure(message.failure) }),
    ...(message.otherWamids.length === 0 ? {} : { other_message_ids: message.otherWamids }),
    ...(message.pricing === null ? {} : { pricing: message.pricing }),
    status_times: statusTimes(message),
    ...(message.expiresAt === null ? {} : { expires_at: message.expiresAt.toISOString() }),
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
