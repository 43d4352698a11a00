// The embedded PostgreSQL and its traps, each provoked on a cluster of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createLog } from '../kernel/log.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
import { isAlive } from './is-alive.ts';

const log = createLog('silent');
const asRoot = process.getuid?.() === 0;

// One cluster is made, and copied for each test: making one takes a second.
let made: string;
let dataDir: string;
beforeAll(async () => {
  made = newFolder(tmpdir());
  await (await startEmbeddedPostgres({ dataDir: made, log })).stop();
});
afterAll(() => fs.rmSync(made, { recursive: true }));
beforeEach(() => {
  dataDir = newFolder(tmpdir());
  fs.cpSync(made, dataDir, { recursive: true, preserveTimestamps: true });
  if (asRoot) giveLikeMade();
});
afterEach(() => fs.rmSync(dataDir, { recursive: true }));

describe('the embedded PostgreSQL', () => {
  test('keeps everything durable, takes only its password, and listens on loopback only', async () => {
    await using postgres = await start();
    expect(await show(postgres, 'fsync')).toBe('on');
    expect(await show(postgres, 'synchronous_commit')).toBe('on');
    expect(await show(postgres, 'full_page_writes')).toBe('on');
    expect(await show(postgres, 'listen_addresses')).toBe('127.0.0.1');
    expect(await show(postgres, 'server_encoding')).toBe('UTF8');
    const wrong = postgres.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrong, 'select 1')).rejects.toThrow('password authentication failed');
  });

  test('is gone after stop, and has what was committed when it comes back', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    await using second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('is taken over when the process that started it was killed', async () => {
    const pid = await startInKilledProcess();
    expect(isAlive(pid)).toBe(true);
    await using postgres = await start();
    expect(postgres.pid).toBe(pid);
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await postgres.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('recovers when both were killed', async () => {
    const pid = await startInKilledProcess();
    process.kill(pid, 'SIGKILL');
    await using postgres = await start();
    expect(postgres.pid).not.toBe(pid);
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('comes back on its port when it is killed under us', async () => {
    const restarted = Promise.withResolvers<number>();
    await using postgres = await start(restarted.resolve);
    const { pid, url } = postgres;
    process.kill(pid, 'SIGKILL');
    expect(await restarted.promise).toBe(postgres.pid);
    expect(postgres.pid).not.toBe(pid);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('starts although its file names a process that is now something else', async () => {
    const file = join(fs.realpathSync(join(dataDir, 'postgres')), 'postmaster.pid');
    fs.writeFileSync(file, `${process.pid}\n${dataDir}/postgres\n1\n5432\n\n127.0.0.1\n0 0\nready\n`);
    await using postgres = await start();
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('its data directory', () => {
  test('is made anew where making it was cut off', async () => {
    fs.rmSync(join(dataDir, 'postgres'), { recursive: true });
    fs.mkdirSync(join(dataDir, 'postgres.unfinished-killed/base'), { recursive: true });
    await using postgres = await start();
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(fs.readdirSync(dataDir).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('is refused without its password', async () => {
    fs.rmSync(join(dataDir, 'postgres.password'));
    await expect(start()).rejects.toThrow('postgres.password is missing');
    expect(fs.existsSync(join(dataDir, 'postgres.password'))).toBe(false);
  });

  test('is refused when another major version wrote it', async () => {
    fs.writeFileSync(join(dataDir, 'postgres/PG_VERSION'), '15\n');
    await expect(start()).rejects.toThrow('is of PostgreSQL 15');
  });

  test('is not replaced by an empty one when it is elsewhere and not there', async () => {
    fs.rmSync(join(dataDir, 'postgres'), { recursive: true });
    fs.symlinkSync('/nowhere/postgres', join(dataDir, 'postgres'));
    await expect(start()).rejects.toThrow('links to /nowhere/postgres, where no database is');
  });

  test.runIf(asRoot)('below root’s home lies where its user may enter', async () => {
    const home = newFolder(homedir());
    fs.chmodSync(home, 0o700);
    try {
      const first = await startEmbeddedPostgres({ dataDir: home, log });
      await query(first.url, 'create table kept as select 42 as answer');
      await first.stop();
      const place = fs.realpathSync(join(home, 'postgres'));
      expect(place).toMatch(/^\/var\/lib\/kurir\/postgres-/);
      await using second = await startEmbeddedPostgres({ dataDir: home, log });
      expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
      await second.stop();
      fs.rmSync(place, { recursive: true });
    } finally {
      fs.rmSync(home, { recursive: true });
    }
  });
});

function start(onRestart?: (pid: number) => void): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log, ...(onRestart ? { onRestart } : {}) });
}

async function show(postgres: EmbeddedPostgres, name: string): Promise<unknown> {
  const [row] = await query(postgres.url, `select current_setting('${name}') as value`);
  return row?.['value'];
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The process id of a PostgreSQL whose starter was killed. */
async function startInKilledProcess(): Promise<number> {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
    import { createLog } from ${JSON.stringify(join(import.meta.dirname, '../kernel/log.ts'))};
    const postgres = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log: createLog('silent') });
    console.log(postgres.pid);
    setInterval(() => postgres, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [pid] = await Promise.race([once(child.stdout, 'data'), exited]);
  child.kill('SIGKILL');
  await exited;
  return Number(pid);
}

function newFolder(below: string): string {
  const folder = fs.mkdtempSync(join(below, 'kurir-embedded-'));
  fs.chmodSync(folder, 0o755);
  return folder;
}

// Root's copy belongs to root; PostgreSQL runs as the owner of its folder.
function giveLikeMade(): void {
  const { uid, gid } = fs.statSync(join(made, 'postgres'));
  const all = fs.readdirSync(join(dataDir, 'postgres'), { recursive: true, encoding: 'utf8' });
  for (const name of ['.', ...all]) fs.chownSync(join(dataDir, 'postgres', name), uid, gid);
}
