// SQL of idempotency keys.
import type { Queryable } from '../storage/db.ts';

export interface KeyRow {
  fingerprint: string;
  messageId: string;
}

/** The rows of keys, in their order; null where there is none (primary key). */
export async function findKeys(
  db: Queryable,
  keys: readonly { organisationId: string; key: string }[],
): Promise<(KeyRow | null)[]> {
  const rows = await db.query<{ place: number; fingerprint: string; message_id: string }>(
    `select input.place::int as place, encode(k.fingerprint, 'hex') as fingerprint, k.message_id
     from unnest($1::text[], $2::text[]) with ordinality as input (organisation_id, key, place)
     join idempotency_keys k using (organisation_id, key)`,
    [keys.map((k) => k.organisationId), keys.map((k) => k.key)],
    'find-keys',
  );
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  return keys.map((_, i) => {
    const row = byPlace.get(i + 1);
    return row ? { fingerprint: row.fingerprint, messageId: row.message_id } : null;
  });
}
