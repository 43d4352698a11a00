// API keys in PostgreSQL: only their hashes. Everything but the look-up by hash, which is what tells the organisation, is
// fenced by organisation.
import type { KeyId, OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface ApiKey {
  id: KeyId;
  organisationId: OrganisationId;
  label: string;
  last4: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

/** A key together with what a request of its organisation needs to know. */
export interface FoundKey extends ApiKey {
  organisationName: string;
  writePerMinute: number | null;
  readPerMinute: number | null;
}

interface KeyRow {
  id: KeyId;
  organisation_id: OrganisationId;
  label: string;
  last4: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}

interface FoundRow extends KeyRow {
  hash: string;
  name: string;
  write_per_minute: number | null;
  read_per_minute: number | null;
}

const COLUMNS = 'id, organisation_id, label, last4, created_at, expires_at, revoked_at';

export async function insertKey(db: Queryable, key: ApiKey, hash: string): Promise<void> {
  await db.query(
    `insert into api_keys (id, organisation_id, label, hash, last4, created_at, expires_at)
     values ($1, $2, $3, decode($4, 'hex'), $5, $6, $7)`,
    [key.id, key.organisationId, key.label, hash, key.last4, key.createdAt, key.expiresAt],
  );
}

export async function selectKeys(db: Queryable, organisationId: OrganisationId): Promise<ApiKey[]> {
  const rows = await db.query<KeyRow>(
    `select ${COLUMNS} from api_keys where organisation_id = $1 order by created_at, id`,
    [organisationId],
  );
  return rows.map(toKey);
}

/** Marks a key as revoked; one that is already keeps its moment. Undefined when the organisation has no such key. */
export async function updateKeyRevoked(
  db: Queryable,
  organisationId: OrganisationId,
  change: { id: string; revokedAt: Date },
): Promise<ApiKey | undefined> {
  const rows = await db.query<KeyRow>(
    `update api_keys set revoked_at = coalesce(revoked_at, $3)
     where organisation_id = $1 and id = $2 returning ${COLUMNS}`,
    [organisationId, change.id, change.revokedAt],
  );
  return rows[0] && toKey(rows[0]);
}

/** The keys of these hashes, by the hash. */
export async function selectKeysByHash(
  db: Queryable,
  hashes: readonly string[],
): Promise<Map<string, FoundKey>> {
  const rows = await db.query<FoundRow>(
    `select k.id, k.organisation_id, k.label, k.last4, k.created_at, k.expires_at, k.revoked_at,
            encode(k.hash, 'hex') as hash, o.name, o.write_per_minute, o.read_per_minute
     from api_keys k join organisations o on o.id = k.organisation_id
     where k.hash = any(select decode(hash, 'hex') from unnest($1::text[]) as given (hash))`,
    [hashes],
    'keys by hash',
  );
  return new Map(rows.map((row) => [row.hash, toFoundKey(row)]));
}

function toKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    label: row.label,
    last4: row.last4,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function toFoundKey(row: FoundRow): FoundKey {
  return {
    ...toKey(row),
    organisationName: row.name,
    writePerMinute: row.write_per_minute,
    readPerMinute: row.read_per_minute,
  };
}
