// An event as Standard Webhooks has it: type, timestamp and data, in Kurir's own words with Meta's beside them, signed by the
// specification's own library.
import { Webhook } from 'standardwebhooks';

import { isMetaChange, type Event } from '../../events/event.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Rendered, Signing, Telling } from '../../webhooks/telling.ts';
import { nativeData } from '../native-data.ts';
import { toldOutbound, toldReceived, toldStatus } from './told-message.ts';

export const standardTelling: Telling = { render, headers };

function render(event: Event): Rendered {
  const { id, type, at } = event;
  const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: dataOf(event) });
  return { body, name: type, subject: id, source: 'kirim' };
}

function dataOf(event: Event): JsonObject {
  if (isMetaChange(event)) {
    const { wabaId, number, field, time, value } = event;
    return {
      waba_id: wabaId,
      phone_number_id: number?.phoneNumberId ?? null,
      field,
      ...(time === undefined ? {} : { time }),
      meta: value,
    };
  }
  switch (event.type) {
    case 'message.received':
    case 'message.edited':
    case 'message.revoked':
      return toldReceived(event);
    case 'message.status':
      return toldStatus(event);
    case 'message.created':
    case 'message.sent':
      return toldOutbound(event);
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
      return nativeData(event);
  }
}

// The id is the event's: the same for every try and replay, so that a receiver knows what it has seen.
function headers({ body, eventId, now, secrets }: Signing): Record<string, string> {
  const at = new Date(now);
  return {
    'content-type': 'application/json',
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    'webhook-signature': secrets.map((secret) => signerOf(secret).sign(eventId, at, body)).join(' '),
  };
}

// A secret of the caller's own need not be base64: then its bytes are the key.
function signerOf(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    return new Webhook(Buffer.from(secret), { format: 'raw' });
  }
}
