// The pools of connections, and what their sessions are told. Every time-out is set: a half-open connection must end as an error.
//
// There are three sorts. Hot statements run thousands of times a second, are prepared, and keep their plan: to plan them took a third of their
// time. Their connections allow the one shape of plan that stays right however much the tables grow: a probe into an index for each row
// of the batch. What is asked from outside is read on connections of its own, so that it never stands in the way of heartbeats; and it is read in
// the order of an index: where the planner has no statistics yet, it takes a number with a hundred thousand messages for one with three, and would
// sort them all for a page. All other statements are planned for the values they come with.
//
// Behind a pooler in transaction mode no session is ours: there is one sort, nothing is set in it and nothing prepared, and every statement
// is planned for its values, which is slower and right.
import pg from 'pg';

import { isPoolerAt } from './pooler.ts';

export interface PoolsOptions {
  url: string;
  /** Connections at the most: half of them for hot statements, a quarter for reading; and one of each sort at least. */
  connections: number;
  /** A schema to live in instead of `public` (tests run many in one server). */
  schema?: string;
  /** Told about connections that break while idle. */
  onIdleError: (error: Error) => void;
}

export interface Pools {
  ordinary: pg.Pool;
  hot: pg.Pool;
  reading: pg.Pool;
  pooled: boolean;
}

export interface LazyPools {
  /** What is there is found out with the first statement, and for good; where nothing answers, the next one asks again. */
  open(): Promise<Pools>;
  /** Those that are open. */
  all(): pg.Pool[];
  end(): Promise<void>;
}

const STATEMENT_TIMEOUT_MS = 30_000;

// A plan that was made while the tables were empty is made anew when a connection is.
const HOT_LIFETIME_SECONDS = 300;

export const SESSIONS = {
  ordinary: ['plan_cache_mode=force_custom_plan', 'jit=off'],
  reading: ['plan_cache_mode=force_custom_plan', 'enable_bitmapscan=off', 'enable_seqscan=off', 'jit=off'],
  hot: [
    'plan_cache_mode=force_generic_plan',
    'enable_seqscan=off',
    'enable_hashjoin=off',
    'enable_mergejoin=off',
    'jit=off',
  ],
};

export function createPools(options: PoolsOptions): LazyPools {
  let opening: Promise<Pools> | undefined;
  let opened: pg.Pool[] = [];
  return {
    async open() {
      opening ??= openPools(options);
      try {
        const pools = await opening;
        opened = [...new Set([pools.ordinary, pools.hot, pools.reading])];
        return pools;
      } catch (error) {
        opening = undefined;
        throw error;
      }
    },
    all: () => opened,
    async end() {
      await opening?.catch(() => undefined);
      await Promise.all(opened.map((pool) => pool.end()));
    },
  };
}

async function openPools(options: PoolsOptions): Promise<Pools> {
  const { connections, schema } = options;
  if (await isPoolerAt(options.url)) {
    if (schema !== undefined)
      throw new Error(`Behind a pooler the schema ${schema} must be the search_path of its own sessions.`);
    const all = openPool(options, connections, {});
    return { ordinary: all, hot: all, reading: all, pooled: true };
  }
  const hotConnections = Math.max(1, connections >> 1);
  const readingConnections = Math.max(1, connections >> 2);
  return {
    ordinary: openPool(
      options,
      Math.max(1, connections - hotConnections - readingConnections),
      sessionOf('ordinary', schema),
    ),
    reading: openPool(options, readingConnections, sessionOf('reading', schema)),
    hot: openPool(options, hotConnections, {
      ...sessionOf('hot', schema),
      // A transaction's statements go out together where none waits for another's rows.
      pipeline: true,
      maxLifetimeSeconds: HOT_LIFETIME_SECONDS,
    }),
    pooled: false,
  };
}

// The one place where a session is told anything.
function sessionOf(sort: keyof typeof SESSIONS, schema: string | undefined): pg.PoolConfig {
  const settings = [...SESSIONS[sort], ...(schema === undefined ? [] : [`search_path=${schema}`])];
  return {
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 10_000,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
  };
}

function openPool(options: PoolsOptions, connections: number, session: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: connections,
    connectionTimeoutMillis: 5_000,
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    application_name: 'kurir',
    types: { getTypeParser },
    ...session,
  });
  pool.on('error', options.onIdleError);
  // A connection that breaks while it is lent out must end its statement, not the process.
  pool.on('connect', (client) => client.on('error', options.onIdleError));
  return pool;
}

const INT8 = 20;

// int8 as a number: turns and epochs stay far below 2^53.
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format);
}
