// Numbers in PostgreSQL, their access tokens sealed. Fenced by organisation, but for the directory's own reading of all.
import type { AppId, OrganisationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable } from '../storage/db.ts';

export type NumberStatus = 'connected' | 'disconnected' | 'degraded' | 'onboarding';

/** What is done about a send whose outcome stays unknown. */
export type OnUnknown = 'fail' | 'resend';

/** A number without its token. */
export interface NumberListing {
  phoneNumberId: string;
  organisationId: OrganisationId;
  appId: AppId;
  wabaId: string;
  /** Digits, as Meta writes them. */
  phone: string;
  displayPhoneNumber: string;
  verifiedName: string | null;
  status: NumberStatus;
  statusReason: string | null;
  statusSince: Date;
  /** Messages a second; null: as fast as it goes. */
  pace: number | null;
  /** The pace is the throughput that Meta gives the number; false: a person set it. */
  paceFromMeta: boolean;
  onUnknown: OnUnknown;
  /** A free-form message outside the customer's window is refused at once. */
  windowCheck: boolean;
  /** What Meta said of it by webhook, as last said, by what it is about (number-notes.ts). */
  notes: JsonObject;
}

export interface SealedNumber extends NumberListing {
  accessToken: Buffer;
}

/** What is written when a number is connected; the rest are the table's defaults. */
export type InsertedNumber = Omit<
  SealedNumber,
  'status' | 'statusReason' | 'statusSince' | 'pace' | 'paceFromMeta' | 'onUnknown' | 'windowCheck' | 'notes'
> & {
  /** What Meta gives, where it said so. */
  throughput?: number | undefined;
  createdAt: Date;
};

/** What changes; an absent member stays as it is. */
export interface NumberChange {
  /** By a person; `auto`: as Meta gives. */
  pace?: number | null | 'auto' | undefined;
  /** What Meta gives: taken where the pace follows it. */
  throughput?: number | undefined;
  onUnknown?: OnUnknown | undefined;
  windowCheck?: boolean | undefined;
  status?: NumberStatus | undefined;
  /** Taken with a status only: another status has another reason, or none. */
  statusReason?: string | null | undefined;
  accessToken?: Buffer | undefined;
  /** When. */
  at: Date;
}

interface NumberRow {
  phone_number_id: string;
  organisation_id: OrganisationId;
  app_id: AppId;
  waba_id: string;
  phone: string;
  display_phone_number: string;
  verified_name: string | null;
  status: NumberStatus;
  status_reason: string | null;
  status_since: Date;
  pace: number | null;
  pace_from_meta: boolean;
  on_unknown: OnUnknown;
  window_check: boolean;
  notes: JsonObject;
  access_token: Buffer;
}

/** Of a number of which Meta has not said more yet. */
const STANDARD_PACE = 80;

const COLUMNS = `phone_number_id, organisation_id, app_id, waba_id, phone, display_phone_number, verified_name,
  status, status_reason, status_since, pace, pace_from_meta, on_unknown, window_check, notes, access_token`;

/** Inserts a number and its lane; false, and nothing, when the installation has this number already. */
export async function insertNumber(tx: Queryable, number: InsertedNumber): Promise<boolean> {
  const inserted = await tx.query(
    `insert into numbers (phone_number_id, organisation_id, app_id, waba_id, phone, display_phone_number,
                          verified_name, access_token, created_at, pace)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, 80))
     on conflict (phone_number_id) do nothing returning phone_number_id`,
    [
      number.phoneNumberId,
      number.organisationId,
      number.appId,
      number.wabaId,
      number.phone,
      number.displayPhoneNumber,
      number.verifiedName,
      number.accessToken,
      number.createdAt,
      number.throughput ?? null,
    ],
  );
  if (inserted.length === 0) return false;
  // The lanes room stands to the right and may not be called from here; a number without a lane could never send.
  await tx.query('insert into lanes (phone_number_id) values ($1) on conflict do nothing', [
    number.phoneNumberId,
  ]);
  return true;
}

/** Changes a number of this organisation; undefined when it has none of this id. */
export async function updateNumber(
  db: Queryable,
  fence: { organisationId: OrganisationId; phoneNumberId: string },
  change: NumberChange,
): Promise<NumberListing | undefined> {
  const rows = await db.query<NumberRow>(
    `update numbers set
       pace = case when $3 then $4::integer when pace_from_meta then coalesce($10, pace) else pace end,
       pace_from_meta = case when $3 then $9 else pace_from_meta end,
       on_unknown = coalesce($5, on_unknown),
       window_check = coalesce($12, window_check),
       status = coalesce($6, status),
       status_reason = case when $6 is null then status_reason else $7 end,
       status_since = case when status <> $6 then $11 else status_since end,
       access_token = coalesce($8, access_token)
     where organisation_id = $1 and phone_number_id = $2
     returning ${COLUMNS}`,
    [
      fence.organisationId,
      fence.phoneNumberId,
      change.pace !== undefined,
      change.pace === 'auto' ? (change.throughput ?? STANDARD_PACE) : (change.pace ?? null),
      change.onUnknown ?? null,
      change.status ?? null,
      change.statusReason ?? null,
      change.accessToken ?? null,
      change.pace === 'auto',
      change.throughput ?? null,
      change.at,
      change.windowCheck ?? null,
    ],
  );
  return rows[0] && withoutToken(toNumber(rows[0]));
}

/** Keeps a note on numbers, unless a later one is there. Their rows are locked in one order, as two notes on a WABA may come at once. */
export async function keepNote(
  tx: Queryable,
  numbers: readonly Pick<NumberListing, 'organisationId' | 'phoneNumberId'>[],
  {
    name,
    note,
    verifiedName,
  }: { name: string; note: JsonObject & { at: string }; verifiedName: string | null },
): Promise<void> {
  await tx.query(
    `with noted as (
       select n.phone_number_id from unnest($1::text[], $2::text[]) as t (organisation_id, phone_number_id)
       join numbers n using (organisation_id, phone_number_id)
       where coalesce((n.notes #>> array[$3, 'at'])::timestamptz <= ($4::jsonb ->> 'at')::timestamptz, true)
       order by 1 for no key update of n
     )
     update numbers n set notes = n.notes || jsonb_build_object($3::text, $4::jsonb), verified_name = coalesce($5, n.verified_name)
     from noted where n.phone_number_id = noted.phone_number_id`,
    [
      numbers.map((one) => one.organisationId),
      numbers.map((one) => one.phoneNumberId),
      name,
      note,
      verifiedName,
    ],
  );
}

/** Brings what Meta's side holds of a number to what it says now. */
export async function updateNumberSeeded(
  db: Queryable,
  organisationId: OrganisationId,
  number: Omit<InsertedNumber, 'organisationId' | 'appId' | 'createdAt'>,
): Promise<void> {
  await db.query(
    `update numbers set waba_id = $3, phone = $4, display_phone_number = $5, verified_name = $6, access_token = $7
     where organisation_id = $1 and phone_number_id = $2`,
    [
      organisationId,
      number.phoneNumberId,
      number.wabaId,
      number.phone,
      number.displayPhoneNumber,
      number.verifiedName,
      number.accessToken,
    ],
  );
}

/** Whose number this is, or undefined; unfenced, so never to be told to anybody else. */
export async function selectNumberOwner(
  db: Queryable,
  phoneNumberId: string,
): Promise<SealedNumber | undefined> {
  const rows = await db.query<NumberRow>(`select ${COLUMNS} from numbers where phone_number_id = $1`, [
    phoneNumberId,
  ]);
  return rows[0] && toNumber(rows[0]);
}

/** The numbers of one organisation in the order they were connected, without their tokens. */
export async function selectNumbers(db: Queryable, organisationId: OrganisationId): Promise<NumberListing[]> {
  const rows = await db.query<NumberRow>(
    `select ${COLUMNS} from numbers where organisation_id = $1 order by created_at, phone_number_id`,
    [organisationId],
  );
  return rows.map((row) => withoutToken(toNumber(row)));
}

/** All numbers of the installation; for the directory only, which fences what it hands out. */
export async function selectAllNumbers(db: Queryable): Promise<SealedNumber[]> {
  const rows = await db.query<NumberRow>(
    `select ${COLUMNS} from numbers order by created_at, phone_number_id`,
  );
  return rows.map(toNumber);
}

/** A text that is another one after any change of any number: a node that polls fetches the rows only then. */
export async function selectFingerprint(db: Queryable): Promise<string> {
  const rows = await db.query<{ fingerprint: string }>(
    `select coalesce(md5(string_agg(numbers::text, ' ' order by phone_number_id)), '') as fingerprint from numbers`,
  );
  return rows[0]?.fingerprint ?? '';
}

function toNumber(row: NumberRow): SealedNumber {
  return {
    phoneNumberId: row.phone_number_id,
    organisationId: row.organisation_id,
    appId: row.app_id,
    wabaId: row.waba_id,
    phone: row.phone,
    displayPhoneNumber: row.display_phone_number,
    verifiedName: row.verified_name,
    status: row.status,
    statusReason: row.status_reason,
    statusSince: row.status_since,
    pace: row.pace,
    paceFromMeta: row.pace_from_meta,
    onUnknown: row.on_unknown,
    windowCheck: row.window_check,
    notes: row.notes,
    accessToken: row.access_token,
  };
}

function withoutToken(number: SealedNumber): NumberListing {
  const { accessToken: _sealed, ...listing } = number;
  return listing;
}
