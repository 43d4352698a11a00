// Meta's webhook envelope, read leniently: unknown fields and odd shapes are kept, each change stands on its own, and only what cannot
// be read at all is told apart (docs: webhooks overview; samples there contain slips).
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';

export interface Change {
  field: string;
  /** Mostly a WABA; of what concerns partners, a portfolio. */
  wabaId: string;
  /** Of the entry; on management fields. */
  time: Json | undefined;
  /** Absent on management fields: those are about a WABA. */
  phoneNumberId: string | undefined;
  value: JsonObject;
  /** What stood there, where it is not a change of WhatsApp's. */
  unread?: Json;
}

/** All changes of a body, in their order; what cannot be read as one stands among them as it is. */
export function readChanges(body: Json): Change[] {
  const entries = isObject(body) ? body['entry'] : undefined;
  if (!Array.isArray(entries)) return [unreadable(body)];
  return entries.flatMap((entry) => {
    const changes = isObject(entry) ? entry['changes'] : undefined;
    if (!isObject(entry) || !Array.isArray(changes)) return [unreadable(entry)];
    return changes.map((change) => readChange(entry, change));
  });
}

function readChange(entry: JsonObject, change: Json): Change {
  const value = isObject(change) ? change['value'] : undefined;
  if (!isObject(change) || !isObject(value)) return unreadable(change, text(entry['id']));
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  return {
    field: text(change['field']) ?? 'unknown',
    wabaId: text(entry['id']) ?? '',
    time: entry['time'],
    phoneNumberId: text(metadata['phone_number_id']),
    value,
  };
}

function unreadable(unread: Json, wabaId = ''): Change {
  return { field: 'unknown', wabaId, time: undefined, phoneNumberId: undefined, value: {}, unread };
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

/** What is no object in a list; or what stands in the place of the list. */
export function others(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value.filter((item) => !isObject(item));
  return value === undefined ? [] : [value];
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
