// The body of a webhook: Meta's envelope around one or more updates, as escaped ASCII, and the signature over those bytes.
import { createHmac } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../src/kernel/json.ts';
import { hmacSha256 } from '../src/kernel/secrets.ts';
import { asciiJson } from './ascii-json.ts';
import { word } from './json-parts.ts';

/** One change of one WABA, as it will stand in an envelope. */
export interface Update {
  id: string;
  wabaId: string;
  /** Of management fields: the seconds that stand in the entry. */
  time?: number;
  field: string;
  /** Made when it leaves: a receiver that is down may leave a million of them waiting. */
  value: () => JsonObject;
  /** Updates of one stream leave one after the other. */
  stream: string;
  url: string;
}

/** How several updates share an envelope: an entry each; a change each in the entry of their WABA; or, of one number, one value. */
export type Layout = 'entries' | 'changes' | 'values';

/** In which order they stand there. */
export type Order = 'given' | 'reversed' | 'shuffled';

/** What is wrong with a signature: another secret's; none; only the legacy one; of a body that was changed afterwards. */
export type Forgery = 'secret' | 'none' | 'legacy' | 'altered';

export interface Rendering {
  secret: string;
  layout: Layout;
  forged: Forgery | null;
}

export interface Rendered {
  body: string;
  headers: Record<string, string>;
}

export function renderWebhook(updates: readonly Update[], { secret, layout, forged }: Rendering): Rendered {
  const entry = entriesOf(updates, layout === 'entries');
  if (layout === 'values') for (const one of entry) one.changes = merged(one.changes);
  const body = asciiJson({ object: 'whatsapp_business_account', entry });
  return signed(body, secret, forged);
}

const WRONG_SECRET = 'not-the-app-secret';

function signed(body: string, secret: string, forged: Forgery | null): Rendered {
  switch (forged) {
    case null:
      return { body, headers: { 'x-hub-signature-256': `sha256=${hmacSha256(secret, body)}` } };
    case 'secret':
      return { body, headers: { 'x-hub-signature-256': `sha256=${hmacSha256(WRONG_SECRET, body)}` } };
    case 'none':
      return { body, headers: {} };
    case 'legacy':
      return { body, headers: { 'x-hub-signature': `sha1=${hmacSha1(secret, body)}` } };
    case 'altered':
      return { ...signed(body, secret, null), body: `${body} ` };
  }
}

function hmacSha1(secret: string, body: string): string {
  return createHmac('sha1', secret).update(body).digest('hex');
}

interface Entry {
  id: string;
  time?: number;
  changes: Change[];
}

interface Change {
  value: JsonObject;
  field: string;
}

// Changes of one WABA share an entry, unless each is to have its own; an entry of management fields carries its time.
function entriesOf(updates: readonly Update[], apart: boolean): Entry[] {
  const entries = new Map<string, Entry>();
  for (const [i, { wabaId, value, field, time }] of updates.entries()) {
    const key = apart ? String(i) : `${wabaId}/${time ?? ''}`;
    const entry = entries.get(key) ?? { id: wabaId, ...(time === undefined ? {} : { time }), changes: [] };
    entry.changes.push({ value: value(), field });
    entries.set(key, entry);
  }
  return [...entries.values()];
}

// What is told of one number in one field becomes one value, with all the messages, statuses and contacts of it.
function merged(changes: readonly Change[]): Change[] {
  const values = new Map<string, Change>();
  const out: Change[] = [];
  for (const change of changes) {
    const { metadata } = change.value;
    const number = isObject(metadata) ? word(metadata['phone_number_id']) : '';
    const key = `${change.field}/${number}`;
    const first = values.get(key);
    if (first && number !== '') addTo(first.value, change.value);
    else {
      values.set(key, change);
      out.push(change);
    }
  }
  return out;
}

function addTo(value: JsonObject, more: JsonObject): void {
  for (const [key, added] of Object.entries(more)) {
    const there = value[key];
    if (there === undefined) value[key] = added;
    else if (Array.isArray(there) && Array.isArray(added)) {
      value[key] = [...there, ...(key === 'contacts' ? unknownTo(there, added) : added)];
    }
  }
}

// The same customer stands there once.
function unknownTo(there: readonly Json[], added: readonly Json[]): Json[] {
  const known = new Set(there.map((one) => JSON.stringify(one)));
  return added.filter((one) => !known.has(JSON.stringify(one)));
}
