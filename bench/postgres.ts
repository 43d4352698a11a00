// The one PostgreSQL of a run: Kurir's own, with its settings and default durability, in a temporary folder. Each side gets an empty
// database of its own for each round.
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

import { createLog } from '../src/kernel/log.ts';
import { startEmbeddedPostgres } from '../src/storage/embedded.ts';
import { isAlive } from '../src/storage/is-alive.ts';

export interface StatementCost {
  query: string;
  calls: number;
  rowsPerCall: number;
  meanMs: number;
  meanPlanMs: number;
  walBytesPerCall: number;
}

export interface BenchPostgres extends AsyncDisposable {
  folder: string;
  version: string;
  /** The median time of a commit of one row. */
  commitMs: number;
  /** An empty database, or a copy of another one that nobody uses, and a checkpoint, so that every round begins alike. */
  createDatabase(name: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  count(databaseUrl: string, query: string): Promise<number>;
  /** A connection for what a cell puts into a database itself. */
  connect<Result>(databaseUrl: string, act: (db: pg.Client) => Promise<Result>): Promise<Result>;
  walBytes(): Promise<number>;
  /** Processor time of all of PostgreSQL's processes; undefined where there is no /proc. */
  cpuMs(): Promise<number | undefined>;
  /** What a database's statements cost since they were last forgotten, the costliest first (with `statements` only). */
  costlyStatements(database: string): Promise<StatementCost[]>;
  forgetStatements(): Promise<void>;
}

const PREFIX = 'kurir-bench-';
const log = createLog('error');
const CLOCK_TICKS_PER_SECOND = 100;
const COMMITS_TRIED = 200;
const STATEMENTS_SHOWN = 12;

/** @param options.statements whether pg_stat_statements counts, which costs both sides a little */
export async function startPostgres(options: { statements: boolean }): Promise<BenchPostgres> {
  await clearKilledRuns();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Run by root, PostgreSQL has a user of its own that must get in.
  await chmod(folder, 0o755);
  const start = () => startEmbeddedPostgres({ dataDir: folder, log });
  let server = await start();
  if (options.statements) {
    await once(server.url, (db) =>
      db.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`),
    );
    await once(server.url, (db) => db.query('alter system set pg_stat_statements.track_planning = on'));
    await server.stop();
    server = await start();
    await once(server.url, (db) => db.query('create extension pg_stat_statements'));
  }
  const db = new pg.Client({ connectionString: server.url });
  // Seen as the failure of whatever is asked next.
  db.on('error', () => undefined);
  await db.connect();
  const { rows } = await db.query<{ server_version: string }>('show server_version');
  return {
    folder,
    version: rows[0]?.server_version ?? '?',
    commitMs: await medianCommitMs(db),
    async createDatabase(name, template) {
      const from = template === undefined ? '' : ` template ${template} strategy file_copy`;
      await db.query(`create database ${name}${from}`);
      await db.query('checkpoint');
      return urlOf(server.url, name);
    },
    dropDatabase: async (name) => void (await db.query(`drop database if exists ${name} with (force)`)),
    async count(databaseUrl, query) {
      const counted = await once(databaseUrl, (other) => other.query<{ count: number }>(query));
      return counted.rows[0]?.count ?? 0;
    },
    connect: once,
    async walBytes() {
      const at = await db.query<{ bytes: string }>(`select pg_current_wal_lsn() - '0/0' as bytes`);
      return Number(at.rows[0]?.bytes);
    },
    cpuMs: () => cpuMsOf(server.pid),
    costlyStatements: (database) => costlyStatements(db, database),
    forgetStatements: async () => void (await db.query('select pg_stat_statements_reset()')),
    async [Symbol.asyncDispose]() {
      await db.end().catch(() => undefined);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// A run that was killed leaves its server behind: it is taken over and stopped, and its folder deleted.
async function clearKilledRuns(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    if (isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) continue;
    const dataDir = join(tmpdir(), name);
    const left = await startEmbeddedPostgres({ dataDir, log });
    await left.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function once<Result>(url: string, act: (db: pg.Client) => Promise<Result>): Promise<Result> {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  try {
    return await act(db);
  } finally {
    await db.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

// What the disk costs here: it decides how far group commit carries.
async function medianCommitMs(db: pg.Client): Promise<number> {
  const times: number[] = [];
  await db.query('create table commits (one integer)');
  for (let i = 0; i < COMMITS_TRIED; i++) {
    const startedAt = performance.now();
    await db.query('insert into commits values (1)');
    times.push(performance.now() - startedAt);
  }
  await db.query('drop table commits');
  return times.toSorted((a, b) => a - b)[COMMITS_TRIED >> 1] ?? Number.NaN;
}

// The postmaster counts its children that have ended as its own; those that live are added.
async function cpuMsOf(postmaster: number): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => []);
  let ticks = 0;
  let seen = false;
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // After the name in brackets: state, parent, …, user and system time, and those of children that have ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = Number(name) === postmaster;
    if (!own && Number(fields[1]) !== postmaster) continue;
    seen = true;
    const ended = own ? Number(fields[13]) + Number(fields[14]) : 0;
    ticks += Number(fields[11]) + Number(fields[12]) + ended;
  }
  return seen ? (ticks * 1_000) / CLOCK_TICKS_PER_SECOND : undefined;
}

async function costlyStatements(db: pg.Client, database: string): Promise<StatementCost[]> {
  const { rows } = await db.query<StatementCost>(
    `select query, calls::int, rows::float8 / calls as "rowsPerCall", mean_exec_time as "meanMs", total_plan_time / calls as "meanPlanMs",
       wal_bytes::float8 / calls as "walBytesPerCall"
     from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = $1
     order by total_exec_time + total_plan_time desc limit ${STATEMENTS_SHOWN}`,
    [database],
  );
  return rows;
}
