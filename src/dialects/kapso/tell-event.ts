// An event as the kapso dialect tells it: a record of the message with its conversation, the event's name in a header alone. What Kapso
// has no event for is not told; Meta's other fields, for which its users keep a second webhook of Meta's own shape, are told in that.
import { isMetaChange, type ConversationEvent, type Event } from '../../events/event.ts';
import { isObject, jsonOf, type Json, type JsonObject } from '../../kernel/json.ts';
import { uuidOf } from '../../kernel/ids.ts';
import type { BatchAbout, Rendered, Signing, Telling } from '../../webhooks/telling.ts';
import { headerText } from '../header-text.ts';
import { metaEnvelope } from '../meta-envelope.ts';
import { oneSignature } from '../one-signature.ts';
import { testMessage } from '../test-message.ts';
import { toldConversation } from './told-conversation.ts';
import { toldEcho, toldReceived, toldSent } from './told-message.ts';

export const kapsoTelling: Telling = { render, headers, batch };

const RECEIVED = 'whatsapp.message.received';
const SENT = 'whatsapp.message.sent';

function render(event: Event): Rendered | null {
  if (isMetaChange(event)) return rendered(event, event.type, metaEnvelope(event));
  switch (event.type) {
    case 'message.received':
    case 'message.edited':
    case 'message.revoked':
      return rendered(event, event.field === 'messages' ? RECEIVED : SENT, toldReceived(event));
    case 'message.status':
      return rendered(event, STATUS_NAMES[event.status], toldSent(event));
    case 'message.sent':
      return event.echo && rendered(event, SENT, toldEcho(event, event.echo));
    case 'conversation.created':
      return rendered(event, 'whatsapp.conversation.created', aboutConversation(event));
    case 'conversation.closed':
      return rendered(event, 'whatsapp.conversation.ended', aboutConversation(event));
    case 'webhook.test':
      return rendered(event, RECEIVED, { ...toldReceived(testMessage(event)), test: true });
    // What was sent through the API is told by its status `sent`.
    case 'message.created':
    case 'message.duplicate_detected':
    case 'message.media':
    case 'conversation.assigned':
    case 'conversation.reopened':
    case 'contact.created':
    case 'contact.updated':
    case 'contact.identity_updated':
    case 'webhook_subscription.disabled':
      return null;
  }
}

const STATUS_NAMES = {
  sent: SENT,
  delivered: 'whatsapp.message.delivered',
  read: 'whatsapp.message.read',
  // The status itself stands in `statuses`.
  played: 'whatsapp.message.read',
  failed: 'whatsapp.message.failed',
} as const;

function rendered(event: Event, name: string, body: JsonObject): Rendered {
  return { body: JSON.stringify(body), name, subject: event.id, source: 'kirim' };
}

function aboutConversation(event: ConversationEvent): JsonObject {
  return { conversation: toldConversation(event), phone_number_id: event.number.phoneNumberId };
}

function headers(signing: Signing): Record<string, string> {
  return {
    'content-type': 'application/json',
    'X-Webhook-Event': headerText(signing.name),
    'X-Webhook-Signature': oneSignature(signing),
    'X-Idempotency-Key': uuidOf(signing.deliveryId),
    'X-Webhook-Payload-Version': 'v2',
    ...(signing.batch === null ? {} : { 'X-Webhook-Batch': 'true', 'X-Batch-Size': String(signing.batch) }),
  };
}

// The bodies stand in it as they were rendered: nothing is written twice.
function batch(bodies: readonly string[], about: BatchAbout): string {
  const info = {
    size: bodies.length,
    window_ms: about.windowMs,
    first_sequence: about.firstSequence,
    last_sequence: about.lastSequence,
    conversation_id: conversationIn(bodies[0] ?? '{}'),
  };
  const type = JSON.stringify(about.name);
  return `{"type":${type},"batch":true,"data":[${bodies.join(',')}],"batch_info":${JSON.stringify(info)}}`;
}

function conversationIn(body: string): Json {
  const read = jsonOf(body);
  const conversation = isObject(read) ? read['conversation'] : undefined;
  return isObject(conversation) ? (conversation['id'] ?? null) : null;
}
