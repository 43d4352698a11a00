// SQL of media: the rows of what is kept, or is to be fetched.
import type { Queryable, Row } from '../storage/db.ts';
import type { Measured } from './measured.ts';
import type { Medium, MediaStatus } from './media.ts';

export interface InboundRow {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  sourceId: string;
  mimeType: string;
  sha256: string | null;
  filename: string | null;
  at: number;
}

/** Notes what is to be fetched, at once; what was told before changes nothing. */
export async function insertInbound(tx: Queryable, rows: readonly InboundRow[]): Promise<void> {
  await tx.query(
    `insert into media (organisation_id, id, phone_number_id, status, source_id, told_type, told_sha256, filename, fetch_at, created_at)
     select organisation_id, id, phone_number_id, 'pending', source_id, told_type, told_sha256, filename, database_now(), to_timestamp(at / 1000)
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[])
       as t (organisation_id, id, phone_number_id, source_id, told_type, told_sha256, filename, at)
     order by organisation_id, id on conflict do nothing`,
    [
      rows.map((r) => r.organisationId),
      rows.map((r) => r.id),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.sourceId),
      rows.map((r) => r.mimeType),
      rows.map((r) => r.sha256),
      rows.map((r) => r.filename),
      rows.map((r) => r.at),
    ],
  );
}

/** One try to fetch a medium. It is this node's until its lease runs out; `tries` tells it from every other try. */
export interface Claim {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  sourceId: string;
  toldType: string | null;
  toldSha256: string | null;
  /** This one among them. */
  tries: number;
  ageMs: number;
}

/** Takes what is due, the longest due first, and puts its next try behind the lease: what its node does not end comes again (index
 *  media_due; what another node is taking is passed over). */
export async function claimDue(
  db: Queryable,
  take: { limit: number; leaseMs: number; busyNumbers: readonly string[] },
): Promise<Claim[]> {
  const rows = await db.query<{
    organisation_id: string;
    id: string;
    phone_number_id: string;
    source_id: string;
    told_type: string | null;
    told_sha256: string | null;
    tries: number;
    age: number;
  }>(
    `with due as (
       select organisation_id, id from media where fetch_at <= database_now() and phone_number_id <> all($3::text[])
       order by fetch_at limit $1 for update skip locked
     )
     update media m set fetch_at = database_now() + make_interval(secs => $2 / 1000.0), tries = m.tries + 1, failure = null
     from due where m.organisation_id = due.organisation_id and m.id = due.id
     returning m.organisation_id, m.id, m.phone_number_id, m.source_id, m.told_type, m.told_sha256, m.tries,
       extract(epoch from database_now() - m.created_at)::float8 * 1000 as age`,
    [take.limit, take.leaseMs, take.busyNumbers],
  );
  return rows.map((r) => ({
    organisationId: r.organisation_id,
    id: r.id,
    phoneNumberId: r.phone_number_id,
    sourceId: r.source_id,
    toldType: r.told_type,
    toldSha256: r.told_sha256,
    tries: r.tries,
    ageMs: r.age,
  }));
}

type Try = Pick<Claim, 'organisationId' | 'id' | 'tries'>;

/** Puts the next try off, because of `failure` or because this one still goes on; says whether it was still the present one (primary key,
 *  as below). */
export async function postpone(
  db: Queryable,
  one: Try,
  { delayMs, failure }: { delayMs: number; failure: string | null },
): Promise<boolean> {
  const rows = await db.query(
    `update media set fetch_at = database_now() + make_interval(secs => $4 / 1000.0), failure = $5
     where organisation_id = $1 and id = $2 and tries = $3 and fetch_at is not null returning id`,
    [one.organisationId, one.id, one.tries, delayMs, failure],
  );
  return rows.length > 0;
}

/** It is here; says whether the try was still the present one. */
export async function endReady(db: Queryable, one: Try, found: Measured): Promise<boolean> {
  const rows = await db.query(
    `update media set status = 'ready', fetch_at = null, failure = null, mime_type = $4, sha256 = $5, size = $6
     where organisation_id = $1 and id = $2 and tries = $3 and fetch_at is not null returning id`,
    [one.organisationId, one.id, one.tries, found.mimeType, found.sha256, found.size],
  );
  return rows.length > 0;
}

/** It will never be here. */
export async function endFailed(db: Queryable, one: Try, reason: string): Promise<void> {
  await db.query(
    `update media set status = 'failed', fetch_at = null, failure = $4
     where organisation_id = $1 and id = $2 and tries = $3 and fetch_at is not null`,
    [one.organisationId, one.id, one.tries, reason],
  );
}

interface MediaRow extends Row {
  organisation_id: string;
  id: string;
  phone_number_id: string;
  status: MediaStatus;
  filename: string | null;
  mime_type: string | null;
  sha256: string | null;
  size: number | null;
  created_at: Date;
}

const COLUMNS = 'organisation_id, id, phone_number_id, status, filename, mime_type, sha256, size, created_at';

/** Those of these ids that there are (primary key). */
export async function findMedia(
  db: Queryable,
  organisationId: string,
  ids: readonly string[],
): Promise<Medium[]> {
  const rows = await db.query<MediaRow>(
    `select ${COLUMNS} from media where organisation_id = $1 and id = any($2::text[])`,
    [organisationId, ids],
  );
  return rows.map(toMedium);
}

function toMedium(row: MediaRow): Medium {
  return {
    organisationId: row.organisation_id,
    id: row.id,
    phoneNumberId: row.phone_number_id,
    status: row.status,
    filename: row.filename,
    mimeType: row.mime_type,
    sha256: row.sha256,
    size: row.size,
    createdAt: row.created_at,
  };
}
