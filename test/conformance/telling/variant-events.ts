// Each variant of what Meta tells as the event that subscribers hear of, without the gateway in between.
import type { EchoField, Event, Person } from '../../../src/events/event.ts';
import type { JsonObject } from '../../../src/kernel/json.ts';
import { objects, text } from '../../../src/meta/webhook-envelope.ts';
import { SECONDS } from '../inbound/golden-people.ts';
import { VARIANTS, type Variant } from '../inbound/variants.ts';
import { ABOUT, ECHO } from './sample-events.ts';

export const VARIANT_EVENTS: readonly { variant: Variant; event: Event }[] = VARIANTS.map((variant) => ({
  variant,
  event: eventOf(variant),
}));

function eventOf({ field, value, about, event: type }: Variant): Event {
  const echoField: EchoField = field === 'message_echoes' ? field : 'smb_message_echoes';
  const list = about === 'echo' ? 'message_echoes' : 'messages';
  const contacts = objects(value['contacts']);
  const [message = {}] = objects(value[list]);
  const from = about === 'echo' ? 'to' : 'from';
  const common = {
    ...ABOUT,
    wamid: text(message['id']) ?? '',
    conversation: text(message['group_id']) ?? text(message[from]) ?? text(message[`${from}_user_id`]) ?? '',
    person: personOf(message, from),
  };
  switch (type) {
    case 'message.received':
    case 'message.edited':
    case 'message.revoked': {
      const errors = objects(value['errors']);
      const told = { field: about === 'echo' ? echoField : ('messages' as const), message, contacts, errors };
      return { ...common, type, ...told, media: null, isNewConversation: false };
    }
    case 'message.sent': {
      const outbound = { ...ECHO.outbound, type: text(message['type']) ?? 'unknown', body: message };
      return { ...common, type, outbound, echo: { field: echoField, message, contacts } };
    }
    default: {
      const time = value['metadata'] === undefined ? SECONDS : undefined;
      const number = value['metadata'] === undefined ? null : ABOUT.number;
      return { ...ABOUT, type: `meta.${field}`, time, number, wabaId: ABOUT.number.wabaId, field, value };
    }
  }
}

function personOf(message: JsonObject, from: 'from' | 'to'): Person {
  const phone = text(message[from]) ?? null;
  return { ...ABOUT.person, phone, userId: text(message[`${from}_user_id`]) ?? null };
}
