// SQL of what comes in and is not applied: statuses that came too early, and what was set aside.
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable } from '../storage/db.ts';

export interface Aside {
  appId: string;
  organisationId: string | null;
  phoneNumberId: string | null;
  field: string;
  reason: string;
  change: string;
  at: number;
}

/** Sets changes aside: kept, and nothing done with them. */
export async function keepAside(db: Queryable, rows: readonly Aside[]): Promise<void> {
  await db.query(
    `insert into inbound_aside (app_id, organisation_id, phone_number_id, field, reason, change, received_at)
     select app_id, organisation_id, phone_number_id, field, reason, change, to_timestamp(at / 1000)
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::float8[])
     as t (app_id, organisation_id, phone_number_id, field, reason, change, at)`,
    [
      rows.map((r) => r.appId),
      rows.map((r) => r.organisationId),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.field),
      rows.map((r) => r.reason),
      rows.map((r) => r.change),
      rows.map((r) => r.at),
    ],
  );
}

export interface Early {
  organisationId: string;
  appId: string;
  phoneNumberId: string;
  wamid: string;
  change: string;
  at: number;
  lookAt: number;
}

/** Keeps statuses whose message is not known yet. */
export async function keepEarly(db: Queryable, rows: readonly Early[]): Promise<void> {
  await db.query(
    `insert into early_statuses (organisation_id, app_id, phone_number_id, wamid, change, received_at, look_at)
     select organisation_id, app_id, phone_number_id, wamid, change, to_timestamp(at / 1000), to_timestamp(look_at / 1000)
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::float8[], $7::float8[])
     as t (organisation_id, app_id, phone_number_id, wamid, change, at, look_at)`,
    [
      rows.map((r) => r.organisationId),
      rows.map((r) => r.appId),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.wamid),
      rows.map((r) => r.change),
      rows.map((r) => r.at),
      rows.map((r) => r.lookAt),
    ],
  );
}

export interface EarlyKept {
  organisationId: string;
  id: number;
  appId: string;
  phoneNumberId: string;
  wamid: string;
  change: JsonObject;
  receivedAt: number;
  /** Looks so far, this one among them. */
  looks: number;
}

/** Takes those whose moment has come, and puts their next look ahead: what its node does not end comes again (index
 *  early_statuses_due; rows that another node has taken are passed over). */
export async function takeEarly(
  db: Queryable,
  take: { now: number; delaysMs: readonly number[]; limit: number },
): Promise<EarlyKept[]> {
  const rows = await db.query<{
    organisation_id: string;
    id: number;
    app_id: string;
    phone_number_id: string;
    wamid: string;
    change: JsonObject;
    received_at: Date;
    looks: number;
  }>(
    `with due as (
       select organisation_id, id from early_statuses where look_at <= to_timestamp($1 / 1000.0)
       order by look_at limit $3 for update skip locked
     )
     update early_statuses e set looks = e.looks + 1,
       look_at = to_timestamp(($1 + coalesce(($2::float8[])[e.looks + 1], 60000)) / 1000.0)
     from due where e.organisation_id = due.organisation_id and e.id = due.id
     returning e.organisation_id, e.id, e.app_id, e.phone_number_id, e.wamid, e.change, e.received_at, e.looks`,
    [take.now, take.delaysMs, take.limit],
  );
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    id: row.id,
    appId: row.app_id,
    phoneNumberId: row.phone_number_id,
    wamid: row.wamid,
    change: row.change,
    receivedAt: row.received_at.getTime(),
    looks: row.looks,
  }));
}

/** They were applied, or set aside. */
export async function endEarly(
  db: Queryable,
  rows: readonly { organisationId: string; id: number }[],
): Promise<void> {
  await db.query(
    `delete from early_statuses e using unnest($1::text[], $2::bigint[]) as t (organisation_id, id)
     where e.organisation_id = t.organisation_id and e.id = t.id`,
    [rows.map((r) => r.organisationId), rows.map((r) => r.id)],
  );
}
