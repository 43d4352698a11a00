// One postmaster from launch to end. It starts in a session of its own, so that Ctrl-C reaches only the gateway, which
// stops it last. Nothing here sleeps for a fixed time: readiness is polled every few milliseconds.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

import { systemClock } from '../kernel/clock.ts';
import { type EmbeddedCluster, SUPERUSER } from './embedded-cluster.ts';
import { freePort } from './free-port.ts';
import { isAlive } from './is-alive.ts';
import { isPostmasterOf, readPostmasterFile, type Postmaster } from './postmaster-file.ts';

export interface RunningPostmaster {
  pid: number;
  port: number;
  exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface Launch {
  cluster: EmbeddedCluster;
  logFile: string;
  /** The port it had, where connections go on to be made to it; undefined: any free one. */
  port?: number;
}

const POLL_MS = 10;
const ORPHAN_POLL_MS = 100;
const READY_WAIT_MS = 300_000;
// The children of a killed postmaster may take seconds to go; until then a new one is refused.
const RETRY_FOR_MS = 15_000;
const RETRY_PAUSE_MS = 100;
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const WORTH_A_RETRY =
  /pre-existing shared memory block|postmaster\.pid" already exists|could not bind|could not create any TCP/;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  wal_buffers: '16MB',
  min_wal_size: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  autovacuum: 'on',
  autovacuum_naptime: '15s',
  jit: 'off',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements hold phone numbers and message bodies.
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_error_verbosity: 'terse',
};

/** The postmaster that already serves this cluster, left behind by a gateway that was killed; undefined when none does. */
export async function adoptPostmaster(cluster: EmbeddedCluster): Promise<RunningPostmaster | undefined> {
  const found = readPostmasterFile(cluster.folder);
  if (!found) return undefined;
  if (!isAlive(found.pid) || !isPostmasterOf(found.pid, cluster.folder)) {
    // A dead one's file. PostgreSQL would refuse it if the id has been given to another process of ours.
    fs.rmSync(join(cluster.folder, 'postmaster.pid'), { force: true });
    return undefined;
  }
  const orphan = orphanOf(found.pid, found.port);
  const ready = await untilReady(cluster.folder, orphan);
  if (ready && (await serves(cluster, ready.port))) return { ...orphan, port: ready.port };
  await stopPostmaster(orphan);
  return undefined;
}

/** Starts a postmaster and waits until it takes connections. */
export async function launchPostmaster(launch: Launch): Promise<RunningPostmaster> {
  const until = systemClock.monotonic() + RETRY_FOR_MS;
  for (;;) {
    const logFrom = logEnd(launch.logFile);
    const running = spawnPostmaster(launch, launch.port ?? (await freePort()));
    if (await untilReady(launch.cluster.folder, running)) return running;
    const said = fs.readFileSync(launch.logFile).subarray(logFrom).toString('utf8');
    if (!WORTH_A_RETRY.test(said) || systemClock.monotonic() > until) {
      throw new Error(
        `PostgreSQL does not start. Its log, ${launch.logFile}, says: ${said.trim().slice(-2_000)}`,
      );
    }
    await pause(RETRY_PAUSE_MS);
  }
}

/** Asks it to stop, ever less politely, and waits until it is gone. */
export async function stopPostmaster(running: RunningPostmaster): Promise<void> {
  const waited = new AbortController();
  for (const { signal, waitMs } of STOP_STEPS) {
    running.kill(signal);
    const gone = await Promise.race([running.exited.then(() => true), pause(waitMs, false, waited)]);
    if (gone) break;
  }
  waited.abort();
}

// Ready when its own file says so; undefined when it ended before.
async function untilReady(folder: string, running: RunningPostmaster): Promise<Postmaster | undefined> {
  let ended = false;
  void running.exited.then(() => (ended = true));
  const until = systemClock.monotonic() + READY_WAIT_MS;
  for (;;) {
    const found = readPostmasterFile(folder);
    if (found?.pid === running.pid && found.ready) return found;
    if (ended) return undefined;
    if (systemClock.monotonic() > until) {
      await stopPostmaster(running);
      throw new Error(`PostgreSQL in ${folder} was not ready within ${READY_WAIT_MS / 1000} s.`);
    }
    await pause(POLL_MS);
  }
}

// Our password opens it and it says that its data is ours: it is.
async function serves(cluster: EmbeddedCluster, port: number): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password: cluster.password,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  // A connection that breaks later than the answer would otherwise end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory === cluster.folder;
  } catch {
    return false; // It hangs, is full, or is not ours: it is stopped and started anew.
  } finally {
    await client.end().catch(() => undefined);
  }
}

function logEnd(logFile: string): number {
  const size = fs.statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LOG_BYTES_MAX) return size;
  fs.renameSync(logFile, `${logFile}.1`);
  return 0;
}

function spawnPostmaster({ cluster, logFile }: Launch, port: number): RunningPostmaster {
  const flags = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const log = fs.openSync(logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(cluster.binaries.postgres, ['-D', cluster.folder, ...flags], {
      cwd: cluster.folder,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      detached: true,
      ...cluster.user,
    });
  } finally {
    fs.closeSync(log);
  }
  child.unref();
  const exited = once(child, 'exit').then(
    () => undefined,
    (error: Error) => fs.appendFileSync(logFile, `${error.message}\n`),
  );
  return { pid: child.pid ?? 0, port, exited, kill: (signal) => void child.kill(signal) };
}

function orphanOf(pid: number, port: number): RunningPostmaster {
  return { pid, port, exited: untilGone(pid), kill };

  function kill(signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch {
      // It is gone, which is what a signal is for.
    }
  }
}

// It is nobody's child any more, so nobody tells us: look.
async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await pause(ORPHAN_POLL_MS, undefined, { ref: false });
}
