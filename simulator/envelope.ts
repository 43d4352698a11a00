// The body of a webhook: Meta's envelope around one or more updates, as escaped ASCII, and the signature over those bytes.
import type { JsonObject } from '../src/kernel/json.ts';
import { hmacSha256 } from '../src/kernel/secrets.ts';
import { asciiJson } from './ascii-json.ts';

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

export function renderWebhook(
  updates: readonly Update[],
  secret: string,
): { body: string; signature: string } {
  const body = asciiJson({ object: 'whatsapp_business_account', entry: entriesOf(updates) });
  return { body, signature: `sha256=${hmacSha256(secret, body)}` };
}

// Changes of one WABA share an entry; an entry of management fields carries its time.
function entriesOf(updates: readonly Update[]): JsonObject[] {
  const entries = new Map<string, JsonObject & { changes: JsonObject[] }>();
  for (const { wabaId, value, field, time } of updates) {
    const key = `${wabaId}/${time ?? ''}`;
    const entry = entries.get(key) ?? { id: wabaId, ...(time === undefined ? {} : { time }), changes: [] };
    entry.changes.push({ value: value(), field });
    entries.set(key, entry);
  }
  return [...entries.values()];
}
