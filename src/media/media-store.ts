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

/** Makes due what waits because of failures that begin so, and says whether there was any (index media_due). */
export async function hurryFailed(db: Queryable, failure: string): Promise<boolean> {
  const [row] = await db.query<{ any: boolean }>(
    `with hurried as (
       update media set fetch_at = database_now() where fetch_at > database_now() and starts_with(failure, $1) returning 1
     ) select exists (select from hurried) as any`,
    [failure],
  );
  return row?.any === true;
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

/** It will never be here; says whether the try was still the present one. */
export async function endFailed(db: Queryable, one: Try, reason: string): Promise<boolean> {
  const rows = await db.query(
    `update media set status = 'failed', fetch_at = null, failure = $4
     where organisation_id = $1 and id = $2 and tries = $3 and fetch_at is not null returning id`,
    [one.organisationId, one.id, one.tries, reason],
  );
  return rows.length > 0;
}

interface MediaRow extends Row {
  organisation_id: string;
  id: string;
  phone_number_id: string;
  status: MediaStatus;
  told_type: string | null;
  filename: string | null;
  mime_type: string | null;
  sha256: string | null;
  size: number | null;
  failure: string | null;
  created_at: Date;
}

const COLUMNS =
  'organisation_id, id, phone_number_id, status, told_type, filename, mime_type, sha256, size, failure, created_at';

/** Those of these ids that there are (primary key). */
export async function findMedia(
  db: Queryable,
  organisationId: string,
  ids: readonly string[],
): Promise<Medium[]> {
  const rows = await db.query<MediaRow>(
    `select ${COLUMNS} from media where organisation_id = $1 and id = any($2::text[]) and forget_at is null`,
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
    toldType: row.told_type,
    filename: row.filename,
    mimeType: row.mime_type,
    sha256: row.sha256,
    size: row.size,
    failure: row.failure,
    createdAt: row.created_at,
  };
}

/** How many media wait because a try failed, and why one of them did (index media_due). */
export async function countFailing(db: Queryable): Promise<{ count: number; failure: string | null }> {
  const [row] = await db.query<{ count: number; failure: string | null }>(
    'select count(*)::int as count, max(failure) as failure from media where fetch_at is not null and failure is not null',
  );
  return row ?? { count: 0, failure: null };
}

/** Notes a file before its bytes are kept, so that none are ever kept that no row knows. */
export async function insertUpload(
  db: Queryable,
  row: { organisationId: string; id: string; phoneNumberId: string; filename: string | null },
): Promise<void> {
  await db.query(
    `insert into media (organisation_id, id, phone_number_id, status, filename, created_at) values ($1, $2, $3, 'pending', $4, database_now())`,
    [row.organisationId, row.id, row.phoneNumberId, row.filename],
  );
}

/** The bytes of an upload are here. */
export async function endUpload(
  db: Queryable,
  key: { organisationId: string; id: string },
  found: Measured & { toldType: string },
): Promise<Medium> {
  const [row] = await db.query<MediaRow>(
    `update media set status = 'ready', told_type = $3, mime_type = $4, sha256 = $5, size = $6
     where organisation_id = $1 and id = $2 returning ${COLUMNS}`,
    [key.organisationId, key.id, found.toldType, found.mimeType, found.sha256, found.size],
  );
  if (!row) throw new Error('A medium went away while its bytes were kept.');
  return toMedium(row);
}

/** The same file, uploaded to be sent by the same number before (index media_by_sum). */
export async function findSame(db: Queryable, medium: Medium): Promise<Medium | undefined> {
  const rows = await db.query<MediaRow>(
    `select ${COLUMNS} from media where organisation_id = $1 and phone_number_id = $2 and sha256 = $3 and source_id is null
       and status = 'ready' and told_type = $4 and id <> $5 and forget_at is null order by created_at limit 1`,
    [medium.organisationId, medium.phoneNumberId, medium.sha256, medium.toldType, medium.id],
  );
  return rows.map(toMedium)[0];
}

/** By the id that Meta gave it: an upload of ours, or what a customer sent (primary key; index media_by_source). */
export async function findByMetaId(
  db: Queryable,
  organisationId: string,
  find: { metaId: string; phoneNumberIds: readonly string[] },
): Promise<{ medium: Medium; phoneNumberId: string } | undefined> {
  const rows = await db.query<MediaRow & { of_number: string }>(
    `select m.*, u.phone_number_id as of_number from media_uploads u join media m on m.organisation_id = u.organisation_id and m.id = u.media_id
     where u.organisation_id = $1 and u.upload_id = $2 and u.phone_number_id = any($3::text[]) and m.forget_at is null
     union all
     select m.*, m.phone_number_id from media m where m.organisation_id = $1 and m.phone_number_id = any($3::text[]) and m.source_id = $2
       and m.forget_at is null
     limit 1`,
    [organisationId, find.metaId, find.phoneNumberIds],
  );
  const [row] = rows;
  return row && { medium: toMedium(row), phoneNumberId: row.of_number };
}

export interface Upload {
  organisationId: string;
  mediaId: string;
  phoneNumberId: string;
  uploadId: string;
}

/** Meta's id of an upload of a medium by a number that is young enough (index media_uploads_of). */
export async function findUpload(
  db: Queryable,
  of: Omit<Upload, 'uploadId'>,
  youngerThanMs: number,
): Promise<string | undefined> {
  const rows = await db.query<{ upload_id: string }>(
    `select upload_id from media_uploads where organisation_id = $1 and media_id = $2 and phone_number_id = $3
       and uploaded_at > database_now() - make_interval(secs => $4 / 1000.0) order by uploaded_at desc limit 1`,
    [of.organisationId, of.mediaId, of.phoneNumberId, youngerThanMs],
  );
  return rows[0]?.upload_id;
}

export async function insertUploadId(db: Queryable, upload: Upload): Promise<void> {
  await db.query(
    `insert into media_uploads (organisation_id, upload_id, phone_number_id, media_id, uploaded_at) values ($1, $2, $3, $4, database_now())
     on conflict (organisation_id, upload_id) do update set uploaded_at = excluded.uploaded_at`,
    [upload.organisationId, upload.uploadId, upload.phoneNumberId, upload.mediaId],
  );
}

/** Forgets a medium; its bytes are to be deleted first. */
export async function deleteMedium(
  db: Queryable,
  { organisationId, id }: { organisationId: string; id: string },
): Promise<void> {
  await db.query(
    `with uploads as (delete from media_uploads where organisation_id = $1 and media_id = $2)
     delete from media where organisation_id = $1 and id = $2`,
    [organisationId, id],
  );
}

/** What is not kept any more: from now on nobody finds it. */
const FORGOTTEN = `status = 'failed', fetch_at = null, filename = null, forget_at = database_now()`;

/** By their ids (primary key). */
export async function markForgotten(
  db: Queryable,
  media: readonly { organisationId: string; id: string }[],
): Promise<number> {
  const rows = await db.query(
    `update media m set ${FORGOTTEN} from unnest($1::text[], $2::text[]) as t (organisation_id, id)
     where m.organisation_id = t.organisation_id and m.id = t.id and m.forget_at is null returning m.id`,
    [media.map((m) => m.organisationId), media.map((m) => m.id)],
  );
  return rows.length;
}

/** Those older than so many days, a part at a time; how many (index media_by_age). */
export async function markOld(db: Queryable, days: number, limit: number): Promise<number> {
  const rows = await db.query(
    `update media set ${FORGOTTEN} where (organisation_id, id) in (
       select organisation_id, id from media where created_at < database_now() - make_interval(days => $1) and forget_at is null
       limit $2 for update skip locked) returning id`,
    [days, limit],
  );
  return rows.length;
}

/** Files whose bytes broke off with the process that took them. */
export async function markBrokenOff(db: Queryable, hours: number): Promise<void> {
  await db.query(
    `update media set ${FORGOTTEN} where status = 'pending' and source_id is null and forget_at is null
       and created_at < database_now() - make_interval(hours => $1)`,
    [hours],
  );
}

/** Takes some whose bytes are to be deleted; what is not deleted comes again (index media_forgotten; what others take is passed over). */
export async function claimForgotten(
  db: Queryable,
  take: { limit: number; leaseMs: number },
): Promise<{ organisationId: string; id: string }[]> {
  return db.query(
    `update media m set forget_at = database_now() + make_interval(secs => $2 / 1000.0)
     from (select organisation_id, id from media where forget_at <= database_now() order by forget_at limit $1 for update skip locked) due
     where m.organisation_id = due.organisation_id and m.id = due.id
     returning m.organisation_id as "organisationId", m.id`,
    [take.limit, take.leaseMs],
  );
}
