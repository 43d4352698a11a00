// An event as Meta told it: its own words about this one message, status or change, in an envelope of its own. Never the body that was
// received: that may have told of other organisations too.
import {
  isMetaChange,
  type EventNumber,
  type MessageField,
  type MessageReceived,
  type MessageStatus,
  type MetaChange,
} from '../events/event.ts';
import type { JsonObject } from '../kernel/json.ts';
import { envelopeOf } from '../meta/webhook-envelope.ts';

export function metaEnvelope(event: MessageReceived | MessageStatus | MetaChange): JsonObject {
  if (isMetaChange(event)) return envelopeOf(event);
  if (event.type === 'message.status')
    return aboutNumber(event.number, 'messages', { contacts: event.contacts, statuses: [event.told] });
  return messageEnvelope(event.number, event);
}

/** A message of a customer's, or an echo of the business's own. */
export function messageEnvelope(
  number: EventNumber,
  told: { field: MessageField; message: JsonObject; contacts: JsonObject[]; errors?: JsonObject[] },
): JsonObject {
  const { field, message, contacts, errors = [] } = told;
  const list = field === 'messages' ? 'messages' : 'message_echoes';
  return aboutNumber(number, field, { contacts, [list]: [message], errors });
}

function aboutNumber(number: EventNumber, field: string, lists: Record<string, JsonObject[]>): JsonObject {
  const metadata = { display_phone_number: number.phone, phone_number_id: number.phoneNumberId };
  const said = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
  return envelopeOf({
    wabaId: number.wabaId,
    field,
    value: { messaging_product: 'whatsapp', metadata, ...said },
  });
}
