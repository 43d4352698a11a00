// Meta's webhook envelope, read leniently: unknown fields and odd shapes are kept, each change stands on its own, and only what cannot
// be read at all is told apart (docs: webhooks overview; samples there contain slips).
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';

export interface Change {
  field: string;
  wabaId: string;
  /** Absent on management fields: those are about a WABA. */
  phoneNumberId: string | undefined;
  value: JsonObject;
}

/** All changes of a body, in their order; empty when it is not an envelope of WhatsApp's. */
export function readChanges(body: Json): Change[] {
  if (!isObject(body)) return [];
  return objects(body['entry']).flatMap((entry) =>
    objects(entry['changes']).map((change) => {
      const value = isObject(change['value']) ? change['value'] : {};
      const metadata = isObject(value['metadata']) ? value['metadata'] : {};
      return {
        field: text(change['field']) ?? 'unknown',
        wabaId: text(entry['id']) ?? '',
        phoneNumberId: text(metadata['phone_number_id']),
        value,
      };
    }),
  );
}

/** One change as a body of its own, in the order of keys that Meta's have. */
export function envelopeOf(change: {
  wabaId: string;
  time?: Json | undefined;
  field: string;
  value: JsonObject;
}): JsonObject {
  const { wabaId, time, field, value } = change;
  return {
    object: 'whatsapp_business_account',
    entry: [{ id: wabaId, ...(time === undefined ? {} : { time }), changes: [{ value, field }] }],
  };
}

/** The objects of a list, whatever else stands in it. */
export function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Text, or a number as text: ids come as either. */
export function text(value: Json | undefined): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Meta's timestamps are unix seconds, as text or number; undefined where it is none. */
export function instantMs(value: Json | undefined): number | undefined {
  const seconds = Number(text(value));
  return Number.isFinite(seconds) && seconds > 0 && seconds < 1e11 ? seconds * 1_000 : undefined;
}
