// `kurir dev` from outside: real processes, started as people start them, killed as nobody should.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { isAlive } from '../storage/is-alive.ts';
import { readDevelopmentFile, readRuntime, type Runtime } from '../storage/data-directory.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'bin/kurir.mjs');
const NPM_START = ['npm', 'start', '--silent'] as const;
const RESTART_MS_MAX = 5_000;

let dataDir: string;
let running: Started | undefined;
beforeAll(() => {
  dataDir = fs.mkdtempSync(join(tmpdir(), 'kurir-dev-'));
  fs.chmodSync(dataDir, 0o755);
});
afterEach(async () => {
  running?.child.kill('SIGTERM');
  await running?.exited;
  running = undefined;
});
afterAll(() => {
  const simulator = join(dataDir, 'simulator.pid');
  if (fs.existsSync(simulator)) process.kill(Number(fs.readFileSync(simulator, 'utf8')));
  fs.rmSync(dataDir, { recursive: true });
});

test('starts from nothing; the line it prints sends a message; the files are for their owner only', async () => {
  const { said } = await start();
  const [curl = ''] = said.match(/^curl .*$/m) ?? [];
  const [first, again] = [await paste(curl), await paste(curl)];
  expect(first).toMatchObject({
    data: { object: 'message', status: expect.stringMatching(/pending|sent/), to: '+628111111111' },
  });
  expect(again).toMatchObject({ data: { id: first.data.id } });
  const dev = readDevelopmentFile(dataDir);
  expect(said).toContain(dev.apiKey);
  // In a shell that knows nothing of the folder.
  expect(said).toMatch(new RegExp(`^KURIR_DATA_DIR=${dataDir} npm run kurir -- listen`, 'm'));
  expect(Object.keys(dev).toSorted()).toEqual([
    'apiKey',
    'appSecret',
    'graphToken',
    'phoneNumberId',
    'simulatorUrl',
    'url',
    'verifyToken',
    'wabaId',
  ]);
  for (const name of ['dev.json', 'runtime.json', 'secret', 'postgres.password'])
    expect(fs.statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
});

test('refuses a second gateway, while commands attach to the first', async () => {
  const { runtime } = await start();
  const second = await kurir('dev');
  expect(second).toMatchObject({
    code: 69,
    said: expect.stringContaining(`process ${runtime.pid}, ${runtime.url}`),
  });
  expect(await kurir('keys', 'list', '--json')).toMatchObject({ code: 0 });
  const sent = await kurir('send', '--to', '+628111111111', 'Halo', '--wait', 'delivered', '--json');
  expect(sent).toMatchObject({ code: 0, value: { status: expect.stringMatching(/delivered|read/) } });
  const doctor = await kurir('doctor', '--json');
  expect(doctor).toMatchObject({ code: 0, value: { ok: true } });
  expect(doctor.value).toMatchObject({
    findings: expect.arrayContaining([
      expect.objectContaining({ name: 'public address', says: expect.stringContaining(`${runtime.url} is`) }),
    ]),
  });
  expect(await kurir('keys', 'revoke', 'key_0', '--json')).toMatchObject({
    code: 4,
    said: expect.stringContaining('resource_not_found'),
  });
});

test.each([['the gateway'], ['both'], ['the starter']])(
  'starts again within 5 s after a kill -9 of %s, with the same key',
  async (victim) => {
    const first = await start();
    const { apiKey } = readDevelopmentFile(dataDir);
    if (victim === 'both') process.kill(first.runtime.postgresPid ?? 0, 'SIGKILL');
    if (victim === 'the starter') first.child.kill('SIGKILL');
    else process.kill(first.runtime.pid, 'SIGKILL');
    const startedAt = performance.now();
    const second = await start();
    expect(performance.now() - startedAt).toBeLessThan(RESTART_MS_MAX);
    expect(readDevelopmentFile(dataDir).apiKey).toBe(apiKey);
    expect(second.runtime.nodeId).toBe(first.runtime.nodeId);
    expect(isAlive(first.runtime.pid)).toBe(false);
  },
);

test('on SIGTERM stops, takes PostgreSQL with it, and leaves the simulator; commands then start the database themselves', async () => {
  const { child, exited, runtime } = await start();
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect([isAlive(runtime.pid), isAlive(runtime.postgresPid ?? 0), readRuntime(dataDir)]).toEqual([
    false,
    false,
    undefined,
  ]);
  expect((await fetch(`${readDevelopmentFile(dataDir).simulatorUrl}/_sim/v1/health`)).ok).toBe(true);
  const listed = await kurir('numbers', 'list', '--json');
  expect(listed).toMatchObject({ code: 0, value: { data: [{ status: 'connected' }] } });
  expect(fs.existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
});

test('with its secret lost, says so, and makes no other one that could open nothing', async () => {
  const secret = join(dataDir, 'secret');
  const kept = fs.readFileSync(secret, 'utf8');
  fs.rmSync(secret);
  for (const words of [['numbers', 'list'], ['start'], ['dev']]) {
    const said = expect.stringContaining('KURIR_SECRET is not set, and the data directory keeps none');
    expect(await kurir(...words)).toMatchObject({ code: 2, said });
  }
  expect(fs.existsSync(secret)).toBe(false);
  fs.writeFileSync(secret, kept, { mode: 0o600 });
});

test('says when the simulator is gone, how to start it again, and at the end that it does not go on', async () => {
  const { child, exited, saysNow } = await start();
  process.kill(Number(fs.readFileSync(join(dataDir, 'simulator.pid'), 'utf8')), 'SIGKILL');
  await vi.waitFor(() => expect(saysNow()).toMatch(/does not answer any more.*npm run simulator -- --port/), {
    timeout: 20_000,
  });
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  await vi.waitFor(() => expect(saysNow()).toContain('The simulator does not run any more'));
  expect(saysNow()).not.toContain('The simulator goes on');
});

test('under npm, ends in order with it, and does not outlive one that is killed', async () => {
  const first = await start(NPM_START);
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);
  expect([isAlive(first.runtime.pid), isAlive(first.runtime.postgresPid ?? 0)]).toEqual([false, false]);
  const second = await start(NPM_START);
  second.child.kill('SIGKILL');
  const third = await start();
  expect(isAlive(second.runtime.pid)).toBe(false);
  expect(third.runtime.nodeId).toBe(first.runtime.nodeId);
});

test('kurir start runs in production on the same folder, with Meta itself at the far end', async () => {
  const child = spawn('node', [PROGRAM, 'start', '--json'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const { url } = JSON.parse(String(line));
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  expect(readRuntime(dataDir)).toMatchObject({ url, graphUrl: 'https://graph.facebook.com' });
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

type Command = readonly [string, ...string[]];

interface Started {
  child: ChildProcess;
  exited: Promise<number>;
  said: string;
  /** All that it has said by now. */
  saysNow: () => string;
  runtime: Runtime;
}

function environment(): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    KURIR_DATA_DIR: dataDir,
    PORT: '0',
    KURIR_SIMULATOR_PORT: '0',
    LOG_LEVEL: 'silent',
  };
}

/** Starts it and waits until it says that it is ready. */
async function start([command, ...args]: Command = ['node', PROGRAM, 'dev']): Promise<Started> {
  const options = { cwd: ROOT, env: environment() };
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit').then(([code]) => Number(code ?? -1));
  let said = '';
  const ready = new Promise<void>((resolve) => {
    child.stderr?.on('data', (text) => {
      said += String(text);
      if (/^curl .*\n/m.test(said)) resolve();
    });
  });
  const code = await Promise.race([ready, exited]);
  const runtime = readRuntime(dataDir);
  if (typeof code === 'number' || !runtime) throw new Error(`It ended with ${String(code)}: ${said}`);
  return (running = { child, exited, said, saysNow: () => said, runtime });
}

async function paste(curl: string): Promise<{ data: { id: string } }> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} -s`]);
  return JSON.parse(stdout);
}

interface Ended {
  code: number;
  said: string;
  value: unknown;
}

async function kurir(...args: string[]): Promise<Ended> {
  const child = spawn('node', [PROGRAM, ...args], { env: environment() });
  let [out, said] = ['', ''];
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (said += String(text)));
  const [code] = await once(child, 'close');
  return { code: Number(code), said, value: out === '' ? undefined : JSON.parse(out) };
}
