// An event as the kirim dialect tells it: what Meta told goes on in Meta's own shape with a block `kirim` beside it, what Kurir says by
// itself in an envelope of its own. Signed with each secret in force, so that a rotation loses nothing.
import {
  isMetaChange,
  type Event,
  type MessageReceived,
  type MessageStatus,
  type MetaChange,
} from '../../events/event.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { hmacSha256 } from '../../kernel/secrets.ts';
import { text } from '../../meta/webhook-envelope.ts';
import type { Rendered, Signing, Telling } from '../../webhooks/telling.ts';
import { headerText } from '../header-text.ts';
import { metaEnvelope } from '../meta-envelope.ts';
import { nativeData, shownPerson, type NativeEvent } from '../native-data.ts';

export const kirimTelling: Telling = { render, headers };

function render(event: Event): Rendered {
  if (isMetaChange(event)) return passedOn(event, event.id);
  switch (event.type) {
    case 'message.received':
    case 'message.edited':
    case 'message.revoked':
      return passedOn(event, event.wamid);
    case 'message.status':
      return passedOn(event, statusId(event));
    case 'message.created':
    case 'message.sent':
    case 'message.duplicate_detected':
    case 'message.media':
    case 'conversation.created':
    case 'conversation.assigned':
    case 'conversation.closed':
    case 'conversation.reopened':
    case 'contact.created':
    case 'contact.updated':
    case 'contact.identity_updated':
    case 'webhook_subscription.disabled':
    case 'webhook.test':
      return native(event);
  }
}

function passedOn(event: MessageReceived | MessageStatus | MetaChange, subject: string): Rendered {
  const beside = isMetaChange(event)
    ? { phone_number_id: event.number?.phoneNumberId ?? null }
    : aboutMessage(event);
  const body = JSON.stringify({ ...metaEnvelope(event), kirim: beside });
  return { body, name: event.type, subject, source: 'meta' };
}

function aboutMessage(event: MessageReceived | MessageStatus): JsonObject {
  const media = event.type === 'message.status' ? null : event.media;
  return {
    contact: shownPerson(event.person),
    message_id: event.messageId,
    conversation_id: event.conversationId,
    phone_number_id: event.number.phoneNumberId,
    ...(media === null ? {} : { media_url: media.url, media_status: media.status }),
  };
}

// A message's wamid alone would be the same for sent, delivered and read, and a receiver that drops what it has seen would drop the last
// two; in a group each participant has a status of his own.
function statusId({ wamid, messageId, status, told }: MessageStatus): string {
  const participant = text(told['recipient_participant_id']) ?? text(told['participant_recipient_id']);
  return [wamid ?? messageId, status, ...(participant === undefined ? [] : [participant])].join(':');
}

function native(event: NativeEvent): Rendered {
  const { id, type } = event;
  const created_at = new Date(event.at).toISOString();
  const body = JSON.stringify({ id, type, created_at, livemode: true, data: nativeData(event) });
  return { body, name: type, subject: id, source: 'kirim' };
}

function headers(signing: Signing): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Kirim-Webhook/1.0',
    'X-Kirim-Source': signing.source,
    'X-Kirim-Event': headerText(signing.name),
    'X-Kirim-Event-Id': headerText(signing.subject),
    'X-Kirim-Delivery-Id': signing.deliveryId,
    'X-Kirim-Attempt': String(signing.attempt),
    'X-Kirim-Signature': signature(signing),
  };
}

// The key is the secret as it was issued, `whsec_` and all.
function signature({ body, now, secrets }: Signing): string {
  const seconds = Math.floor(now / 1_000);
  return [`t=${seconds}`, ...secrets.map((secret) => `v1=${hmacSha256(secret, `${seconds}.${body}`)}`)].join(
    ',',
  );
}
