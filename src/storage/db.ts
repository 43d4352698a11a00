// The database as stores see it: statements and transactions over pools of connections (pools.ts), and what their errors mean.
import pg from 'pg';

import { arrayLiteral } from './array-literal.ts';
import { createOutageWatch, type Outage, type OutageEvents } from './outage.ts';
import { createPools, type LazyPools, type Pools, type PoolsOptions } from './pools.ts';

export type Row = Record<string, unknown>;

/** What a store needs: one statement, its parameters bound. */
export interface Queryable {
  /** Runs one statement. A `name` makes it a hot one: prepared, planned once, every table of it reached by an index. */
  query<Result extends object = Row>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Result[]>;
}

/** One transaction, as stores see it. */
export interface Transaction extends Queryable {
  /** Runs a statement whose rows nobody waits for, together with the commit: it goes out when `act` has resolved, and if it fails nothing
   *  is committed. */
  last(text: string, values: readonly unknown[], name?: string): void;
}

export interface Database extends Queryable {
  /** For what is asked from outside: on connections of its own, in the order of an index. */
  reading: Queryable;
  /** Runs `act` in one transaction; it is committed when `act` resolves and rolled back when it rejects. */
  transaction<Result>(act: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** The same for hot statements: on their connections, where what has a name is prepared. */
  hotTransaction<Result>(act: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Whether a pooler stands between us and PostgreSQL. */
  isPooled(): Promise<boolean>;
  /** Why it cannot be written to just now, if it cannot. */
  outage(): Outage | undefined;
  close(): Promise<void>;
}

export interface DatabaseOptions extends PoolsOptions, OutageEvents {}

type Sort = Exclude<keyof Pools, 'pooled'>;

const PING_MS = 2_000;

export function openDatabase(options: DatabaseOptions): Database {
  const pools = createPools(options);
  const lent = new Set<pg.PoolClient>();
  const outages = createOutageWatch({
    ...options,
    ping: () => ping(options.url),
    judge,
    cut() {
      // What is under way ends with its connection (a client that is told to end would wait for it); the idle ones are thrown away.
      for (const client of lent) client.connection.stream.destroy();
      for (const pool of pools.all()) dropIdle(pool);
    },
  });

  function lend<Result>(
    sort: Sort,
    act: (client: pg.PoolClient, pooled: boolean) => Promise<Result>,
  ): Promise<Result> {
    return outages.during(async () => {
      if (outages.present()?.kind === 'away') throw new NoConnection('The database is away.');
      const { client, pooled } = await connect(pools, sort);
      lent.add(client);
      try {
        return await act(client, pooled);
      } finally {
        lent.delete(client);
      }
    });
  }

  return {
    query: (text, values, name) =>
      lend(name === undefined ? 'ordinary' : 'hot', (client, pooled) =>
        ask(client, () => runner(client, pooled)(text, values, name)),
      ),
    reading: {
      query: (text, values) =>
        lend('reading', (client, pooled) => ask(client, () => runner(client, pooled)(text, values))),
    },
    transaction: (act) =>
      lend('ordinary', (client, pooled) => ask(client, () => transact(client, pooled, act))),
    hotTransaction: (act) =>
      lend('hot', (client, pooled) => ask(client, () => transact(client, pooled, act))),
    outage: () => outages.present(),
    isPooled: async () => (await pools.open()).pooled,
    async close() {
      outages.stop();
      await pools.end();
    },
  };
}

function dropIdle(pool: pg.Pool): void {
  for (let idle = pool.idleCount; idle > 0; idle--)
    void pool.connect().then(
      (client) => client.release(true),
      () => undefined,
    );
}

/** A connection that is of no use any more is destroyed, never handed to the next one. */
async function ask<Result>(client: pg.PoolClient, act: () => Promise<Result>): Promise<Result> {
  let broken: Error | undefined;
  try {
    return await act();
  } catch (error) {
    if (isUseless(error) || error instanceof NotRolledBack)
      broken = error instanceof Error ? error : new Error('the connection broke');
    throw error instanceof NotRolledBack ? error.cause : error;
  } finally {
    client.release(broken);
  }
}

async function transact<Result>(
  client: pg.PoolClient,
  pooled: boolean,
  act: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const { query, end } = ofTransaction(runner(client, pooled), pooled);
  const last: Parameters<Transaction['last']>[] = [];
  try {
    // Where the connection is a pipeline, the first statement goes out with the beginning, and the last with the end: each way to the
    // server and back is a turn of a busy loop. If it cannot begin, the connection is of no use, and nothing else of it is done.
    const begun = client.query('begin');
    const [result] = await Promise.all([
      act({ query, last: (...statement) => void last.push(statement) }),
      begun,
    ]);
    const told = last.map((statement) => query(...statement));
    if (pooled) await Promise.all(told);
    await Promise.all([...told, commit(client)]);
    return result;
  } catch (thrown) {
    const error = end(thrown);
    await client.query('rollback').catch(() => {
      throw new NotRolledBack('The transaction could not be rolled back.', { cause: error });
    });
    throw error;
  }
}

const IN_FAILED_TRANSACTION = '25P02';

// Where statements are under way together, one that fails takes the others with it. What is thrown is why, whichever of them was heard first;
// and what comes after the rollback is not run: it would be committed by itself. Behind a pooler no connection is a pipeline: one waits for
// the other here, since pg will not keep a queue of them.
function ofTransaction(
  run: Queryable['query'],
  pooled: boolean,
): { query: Queryable['query']; end: (thrown: unknown) => unknown } {
  let failed: { first: unknown } | undefined;
  let over = false;
  let before: Promise<unknown> | undefined;
  return {
    async query<Result extends object>(...statement: Parameters<Queryable['query']>) {
      while (pooled && before) await before;
      if (over) throw new Error('The transaction is over.');
      const answer = run<Result>(...statement);
      const heard = answer.then(
        () => undefined,
        (error: unknown) => void (failed ??= { first: error }),
      );
      before = heard.then(() => (before = undefined));
      return answer;
    },
    end(thrown) {
      over = true;
      return failed && sqlState(thrown) === IN_FAILED_TRANSACTION ? failed.first : thrown;
    },
  };
}

// PostgreSQL answers the commit of a transaction that has failed with ROLLBACK.
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT')
    throw Object.assign(new Error('The transaction was rolled back.'), { code: IN_FAILED_TRANSACTION });
}

/** A rollback that fails means a broken connection, whatever went wrong before it. */
class NotRolledBack extends Error {
  override readonly name = 'NotRolledBack';
}

/** PostgreSQL's five-letter code of an error, if it has one. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether PostgreSQL cannot take a value of the rows: it never will (class 22 and 23; 54: too deep, or too long for an index). */
export function isUnacceptable(error: unknown): boolean {
  return ['22', '23', '54'].includes(sqlState(error)?.slice(0, 2) ?? '');
}

/** Whether the link or the server went away: what was asked may have been done all the same (no code, class 08, 57P). */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || state.startsWith('08') || state.startsWith('57P');
}

/** Whether a statement cannot have reached the server: there was no connection for it. */
export function neverReached(error: unknown): boolean {
  return error instanceof NoConnection;
}

const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Whether an error is one of the database's being away, read-only or full, and no fault of the statement. */
export function isOutage(error: unknown): boolean {
  if (neverReached(error)) return true;
  const state = sqlState(error);
  if (state !== undefined) return isConnectionLoss(error) || state.startsWith('53') || state === READ_ONLY;
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && AWAY.has(error.code)) return true;
  return /Connection terminated|Query read timeout|not queryable/i.test(error.message);
}

/** The level at which a failure is told: an outage was told already, once. */
export function levelOf(error: unknown): 'debug' | 'warn' {
  return isOutage(error) ? 'debug' : 'warn';
}

const READ_ONLY = '25006';

// After a failover the old server may still answer, and only read: its connections are given up, so that new ones find the new server.
function isUseless(error: unknown): boolean {
  return isConnectionLoss(error) || sqlState(error) === READ_ONLY;
}

// Class 53: no disk, memory or connections left. What one statement alone was too much for (57014) says nothing.
function judge(error: unknown): 'suspect' | 'read-only' | 'full' | undefined {
  if (neverReached(error) || isConnectionLoss(error)) return 'suspect';
  const state = sqlState(error);
  if (state === READ_ONLY) return 'read-only';
  return state?.startsWith('53') === true ? 'full' : undefined;
}

const TOO_MANY_CONNECTIONS = '53300';

// A connection of its own: that the pool is exhausted, or hangs, says nothing about the database.
async function ping(url: string): Promise<{ readOnly: boolean }> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: PING_MS,
    query_timeout: PING_MS,
    application_name: 'kurir',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ read_only: boolean }>(
      `select current_setting('transaction_read_only') = 'on' as read_only`,
    );
    return { readOnly: rows[0]?.read_only === true };
  } catch (error) {
    if (sqlState(error) === TOO_MANY_CONNECTIONS) return { readOnly: false };
    throw error;
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** No connection came about: whatever was to be asked cannot have reached the server. */
class NoConnection extends Error {
  override readonly name = 'NoConnection';
}

async function connect(pools: LazyPools, sort: Sort): Promise<{ client: pg.PoolClient; pooled: boolean }> {
  try {
    const opened = await pools.open();
    return { client: await opened[sort].connect(), pooled: opened.pooled };
  } catch (cause) {
    throw new NoConnection('There is no connection to the database.', { cause });
  }
}

// Behind a pooler nothing is prepared: the next statement may meet another session.
function runner(target: pg.PoolClient, pooled: boolean): Queryable['query'] {
  return async function query<Result extends object>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<Result[]> {
    const bound = values.map((value) => (Array.isArray(value) ? (arrayLiteral(value) ?? value) : value));
    const statement = { text, values: bound, ...(name === undefined || pooled ? {} : { name }) };
    const result = await target.query<Result>(statement);
    return result.rows;
  };
}
