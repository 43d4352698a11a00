// A brake on statements that write the live state of messages: what such a statement has written stays invisible, and its COMMIT to come,
// until the brake is let go. How a test has an accept commit after a takeover, or after the next one's.
import { openDatabase, type Database, type Queryable } from '../../src/storage/db.ts';
import { until, type House } from './house.ts';

export interface Brake extends AsyncDisposable {
  /** Resolves when a statement stands at the brake, or, `behind`, when another one waits for that. */
  reached(behind?: 'behind'): Promise<void>;
  letGo(): Promise<void>;
}

/** Statements that wait for a backend, and those that wait for them. */
const WAITING = `
  with waiting as (select pid from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))
  select (select count(*) from waiting)::int as first, (select count(*) from pg_stat_activity a, waiting w
    where w.pid = any(pg_blocking_pids(a.pid)))::int as behind`;

/** Resolves when a statement waits for a transaction of the test's own. */
export async function waitsFor(
  house: House,
  tx: Queryable,
  which: 'first' | 'behind' = 'first',
): Promise<void> {
  // Asked from outside: a transaction sees the activity of its first look for ever.
  const [own] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
  await until(`a statement that waits (${which})`, async () => {
    const [waiting] = await house.ctx.db.query<{ first: number; behind: number }>(WAITING, [own?.pid]);
    return (waiting?.[which] ?? 0) > 0;
  });
}

/** A connection of the test's own, for a transaction that others wait for. */
export function connectAlone(house: House): Database & AsyncDisposable {
  const { databaseUrl: url, schema } = house;
  const db = openDatabase({ url, schema, connections: 2, onIdleError: () => undefined });
  let closing: Promise<void> | undefined;
  return Object.assign(db, { [Symbol.asyncDispose]: () => (closing ??= db.close()) });
}

/** Brakes the rows for which this condition on `new` holds, such as `new.priority = 0`. */
export async function putBrake(house: House, condition: string): Promise<Brake> {
  const key = Math.floor(Math.random() * 2 ** 31);
  const { db } = house.ctx;
  await db.query(
    `create or replace function brake() returns trigger language plpgsql as
     'begin perform pg_advisory_xact_lock_shared(${key}); return new; end'`,
  );
  await db.query(
    `create trigger brake after insert on message_states for each row when (${condition}) execute function brake()`,
  );
  const own = connectAlone(house);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let held: (tx: Queryable) => void = () => undefined;
  const holding = new Promise<Queryable>((resolve) => (held = resolve));
  const over = own.transaction(async (tx) => {
    await tx.query('set local idle_in_transaction_session_timeout = 0');
    await tx.query('select pg_advisory_xact_lock($1)', [key]);
    held(tx);
    await released;
  });
  const tx = await holding;
  const letGo = async (): Promise<void> => {
    release();
    await over;
    await own[Symbol.asyncDispose]();
  };
  return { reached: (behind) => waitsFor(house, tx, behind), letGo, [Symbol.asyncDispose]: letGo };
}
