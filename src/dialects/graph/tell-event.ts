// An event in Meta's own shape, signed as Meta signs, so that code written for Meta runs unchanged. What Meta has no word for is not told:
// such code would not know what to do with it.
import { isMetaChange, type Event } from '../../events/event.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { asciiJson } from '../../meta/ascii-json.ts';
import type { Rendered, Telling } from '../../webhooks/telling.ts';
import { messageEnvelope, metaEnvelope } from '../meta-envelope.ts';
import { oneSignature } from '../one-signature.ts';
import { testMessage } from '../test-message.ts';

export const metaTelling: Telling = {
  render,
  headers: (signing) => ({
    'content-type': 'application/json',
    'X-Hub-Signature-256': `sha256=${oneSignature(signing)}`,
  }),
};

function render(event: Event): Rendered | null {
  if (isMetaChange(event)) return rendered(event, event.field, metaEnvelope(event));
  switch (event.type) {
    case 'message.received':
    case 'message.edited':
    case 'message.revoked':
      return rendered(event, event.field, metaEnvelope(event));
    case 'message.status':
      return rendered(event, 'messages', metaEnvelope(event));
    case 'message.sent':
      return event.echo && rendered(event, event.echo.field, messageEnvelope(event.number, event.echo));
    case 'webhook.test':
      return rendered(event, 'messages', metaEnvelope(testMessage(event)));
    case 'message.created':
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
      return null;
  }
}

function rendered(event: Event, field: string, envelope: JsonObject): Rendered {
  return { body: asciiJson(envelope), name: field, subject: event.id, source: 'meta' };
}
