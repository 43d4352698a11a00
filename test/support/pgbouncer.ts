// A real PgBouncer in transaction mode before the database of the tests, strict: it takes no start-up parameter that it is not told to.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../src/storage/free-port.ts';
import { postgresUser } from '../../src/storage/system-user.ts';
import { until } from './house.ts';

export interface PgBouncer extends AsyncDisposable {
  /** The database by way of it. */
  url: string;
  /** Ends it as kill -9 would, with every connection. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Where Debian puts it, which is not on everybody's path. */
const PLACES = [
  '/usr/sbin/pgbouncer',
  '/usr/local/sbin/pgbouncer',
  '/usr/bin/pgbouncer',
  '/usr/local/bin/pgbouncer',
];

export function findPgBouncer(): string | undefined {
  return PLACES.find((place) => existsSync(place));
}

/** Each of its sessions lives in `schema`. */
export async function startPgBouncer(databaseUrl: string, schema: string): Promise<PgBouncer> {
  const program = findPgBouncer();
  if (program === undefined) throw new Error('PgBouncer is not installed: apt-get install pgbouncer');
  const folder = mkdtempSync(join(tmpdir(), 'kurir-pgbouncer-'));
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(file, settings(new URL(databaseUrl), port, schema), { mode: 0o644 });
  // Started by root it becomes another user, who must get in.
  chmodSync(folder, 0o755);
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async (): Promise<void> => {
    child = spawn(program, [file], { stdio: 'ignore', ...postgresUser() });
    await until('PgBouncer to listen', () => answers(port));
  };
  await start();
  return {
    url: `postgres://kurir@127.0.0.1:${port}/kurir`,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

function settings(database: URL, port: number, schema: string): string {
  const to = [
    `host=${database.hostname}`,
    `port=${database.port}`,
    `dbname=${database.pathname.slice(1)}`,
    `user=${decodeURIComponent(database.username)}`,
    `password=${decodeURIComponent(database.password)}`,
    `connect_query='set search_path = ${schema}'`,
  ];
  return `[databases]
kurir = ${to.join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
`;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
