// SQL of the sweep. Names of partitions are made here from a fixed table name and a date, never from outside.
import type { Database } from '../storage/db.ts';

export interface Partitioned {
  table: 'attempts' | 'inbound_aside' | 'tellings' | 'deliveries';
  daysAhead: number;
  keepDays: number;
}

/** Makes the partitions of the days to come and drops those past their time. A day that already has rows in the default partition
 *  keeps them there (PostgreSQL refuses the new partition), so only days to come are made. */
export async function keepPartitions(db: Database, wanted: Partitioned): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock(hashtext(current_schema() || $1))', [
      `kurir partitions ${wanted.table}`,
    ]);
    const days = await tx.query<{ name: string; day: string; next: string }>(
      `select $1 || to_char(day, '_YYYYMMDD') as name, day::date::text as day, (day + interval '1 day')::date::text as next
       from generate_series(database_now()::date + 1, database_now()::date + $2::int, interval '1 day') as day`,
      [wanted.table, wanted.daysAhead],
    );
    for (const { name, day, next } of days) {
      await tx.query(
        `create table if not exists ${name} partition of ${wanted.table} for values from ('${day}') to ('${next}')`,
      );
    }
    const old = await tx.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = to_regclass($1) and c.relname ~ ('^' || $1 || '_[0-9]{8}$')
         and to_date(right(c.relname, 8), 'YYYYMMDD') < database_now()::date - $2::int`,
      [wanted.table, wanted.keepDays],
    );
    for (const { name } of old) await tx.query(`drop table ${name}`);
  });
}

const ROWS_AT_ONCE = 5_000;

/** Deletes what is past its time in the default partition, a part at a time: the first days of an installation are there, and whatever
 *  came while no partition of its day had been made. */
export async function emptyDefault(
  db: Database,
  {
    table,
    moment,
    keepDays,
  }: {
    table: Partitioned['table'];
    /** By which its rows belong to a day. */
    moment: 'started_at' | 'received_at' | 'created_at';
    keepDays: number;
  },
): Promise<void> {
  for (let deleted = ROWS_AT_ONCE; deleted === ROWS_AT_ONCE;) {
    const rows = await db.query(
      `delete from ${table}_default where ctid = any(array(
         select ctid from ${table}_default where ${moment} < database_now()::date - $1::int limit $2)) returning 1`,
      [keepDays, ROWS_AT_ONCE],
    );
    deleted = rows.length;
  }
}

/** Forgets idempotency keys, a part at a time (index idempotency_keys_by_age, of blocks: they come in the order of their age). */
export async function forgetKeys(db: Database, hours: number): Promise<void> {
  await db.query(
    `delete from idempotency_keys where ctid = any(array(
       select ctid from idempotency_keys where created_at < database_now() - make_interval(hours => $1) limit 50000))`,
    [hours],
  );
}

/** Forgets ids that were forbidden after a lost COMMIT: nothing can bring them back by now. */
export async function forgetVoid(db: Database, hours: number): Promise<void> {
  await db.query(
    `delete from message_states where (organisation_id, id) in (
       select organisation_id, id from void_messages where voided_at < database_now() - make_interval(hours => $1))`,
    [hours],
  );
  await db.query('delete from void_messages where voided_at < database_now() - make_interval(hours => $1)', [
    hours,
  ]);
}
