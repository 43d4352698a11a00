// The connections to PostgreSQL. Every time-out is set: a half-open connection must end as an error, never as a wait.
//
// There are two sorts. Hot statements (those with a name) run thousands of times a second, are prepared, and keep their plan: to plan them
// took a third of their time. Their connections allow the one shape of plan that stays right however much the tables grow: a probe
// into an index for each row of the batch. All other statements are planned for the values they come with.
import pg from 'pg';

import { createOutageWatch, type Outage, type OutageEvents } from './outage.ts';

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

export interface Database extends Queryable {
  /** Runs `act` in one transaction; it is committed when `act` resolves and rolled back when it rejects. */
  transaction<Result>(act: (tx: Queryable) => Promise<Result>): Promise<Result>;
  /** Why it cannot be written to just now, if it cannot. */
  outage(): Outage | undefined;
  close(): Promise<void>;
}

export interface DatabaseOptions extends OutageEvents {
  url: string;
  /** Connections at the most; half of them for hot statements. */
  connections: number;
  /** A schema to live in instead of `public` (tests run many in one server). */
  schema?: string;
  /** Told about connections that break while idle. */
  onIdleError: (error: Error) => void;
}

const STATEMENT_TIMEOUT_MS = 30_000;
const PING_MS = 2_000;

// A plan that was made while the tables were empty is made anew when a connection is.
const HOT_LIFETIME_SECONDS = 300;

const SETTINGS = {
  ordinary: ['plan_cache_mode=force_custom_plan', 'jit=off'],
  hot: [
    'plan_cache_mode=force_generic_plan',
    'enable_seqscan=off',
    'enable_hashjoin=off',
    'enable_mergejoin=off',
    'jit=off',
  ],
};

export function openDatabase(options: DatabaseOptions): Database {
  const hotConnections = Math.max(1, options.connections >> 1);
  const ordinary = openPool(options, 'ordinary', Math.max(1, options.connections - hotConnections));
  const hot = openPool(options, 'hot', hotConnections);
  const lent = new Set<pg.PoolClient>();
  const outages = createOutageWatch({
    ...options,
    ping: () => ping(options.url),
    judge,
    cut() {
      // A client that ends with a statement under way breaks its connection; the idle ones are thrown away.
      for (const client of lent) void client.end().catch(() => undefined);
      for (const pool of [ordinary, hot]) dropIdle(pool);
    },
  });

  function lend<Result>(pool: pg.Pool, act: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    return outages.during(async () => {
      if (outages.present()?.kind === 'away') throw new NoConnection('The database is away.');
      const client = await connect(pool);
      lent.add(client);
      try {
        return await act(client);
      } finally {
        lent.delete(client);
      }
    });
  }

  return {
    query: (text, values, name) =>
      lend(name === undefined ? ordinary : hot, (client) =>
        ask(client, () => runner(client)(text, values, name)),
      ),
    transaction: (act) => lend(ordinary, (client) => ask(client, () => transact(client, act))),
    outage: () => outages.present(),
    async close() {
      outages.stop();
      await Promise.all([ordinary.end(), hot.end()]);
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

// The one place where a session is told anything. A pooler in transaction mode keeps neither settings nor prepared statements: behind
// one, `options` stays empty and no statement is named, and every statement is planned for its values, which is slower and right.
function openPool(options: DatabaseOptions, sort: keyof typeof SETTINGS, connections: number): pg.Pool {
  const settings = [
    ...SETTINGS[sort],
    ...(options.schema === undefined ? [] : [`search_path=${options.schema}`]),
  ];
  const pool = new pg.Pool({
    connectionString: options.url,
    max: connections,
    connectionTimeoutMillis: 5_000,
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    application_name: 'kurir',
    types: { getTypeParser },
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    ...(sort === 'hot' ? { maxLifetimeSeconds: HOT_LIFETIME_SECONDS } : {}),
  });
  pool.on('error', options.onIdleError);
  // A connection that breaks while it is lent out must end its statement, not the process.
  pool.on('connect', (client) => client.on('error', options.onIdleError));
  return pool;
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
  act: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  try {
    await client.query('begin');
    const result = await act({ query: runner(client) });
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      throw new NotRolledBack('The transaction could not be rolled back.', { cause: error });
    });
    throw error;
  }
}

/** A rollback that fails means a broken connection, whatever went wrong before it. */
class NotRolledBack extends Error {
  override readonly name = 'NotRolledBack';
}

const INT8 = 20;

// int8 as a number: turns and epochs stay far below 2^53.
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format);
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
  return /Connection terminated|Query read timeout|Client was closed/i.test(error.message);
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

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (cause) {
    throw new NoConnection('There is no connection to the database.', { cause });
  }
}

function runner(target: pg.PoolClient): Queryable['query'] {
  return async function query<Result extends object>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<Result[]> {
    const statement = { text, values: [...values], ...(name === undefined ? {} : { name }) };
    const result = await target.query<Result>(statement);
    return result.rows;
  };
}
