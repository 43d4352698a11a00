// The whole house as real processes: the gateway through the command `kurir`, the simulator beside it, both over a database of their
// own on the run's PostgreSQL. What is to survive a kill -9 is tested here; everything else runs in one process (house.ts).
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';

import type { SimulatorSettings } from '../../simulator/settings.ts';
import { openDatabase, type Database } from '../../src/storage/db.ts';
import { freePort } from '../../src/storage/free-port.ts';
import { APP_SECRET, BUSINESS_PHONE, GRAPH_TOKEN, PHONE_NUMBER_ID, VERIFY_TOKEN, WABA_ID } from './house.ts';
import { createGatewayProcess, KURIR, startSimulatorProcess } from './processes.ts';

export interface ProcessHouseOptions {
  simulator?: SimulatorSettings;
  /** Settings of the gateway and of commands. */
  env?: Record<string, string>;
}

export interface ProcessHouse extends AsyncDisposable {
  url: string;
  simulatorUrl: string;
  apiKey: string;
  databaseUrl: string;
  dataDir: string;
  /** Everything that the gateways of this house have written, stdout and stderr. */
  log(): string;
  /** Runs a command; what it must not show on its command line goes in by stdin. */
  kurir(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** Starts the gateway; resolves when it takes requests. */
  start(env?: Record<string, string>): Promise<void>;
  /** kill -9 to the gateway's own process. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  query: Database['query'];
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Makes it all, with one number whose pace is off and a key; the gateway is started. */
export async function startProcessHouse(options: ProcessHouseOptions = {}): Promise<ProcessHouse> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'kurir-process-house-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const { databaseUrl, database } = await createDatabase(stack);
  const port = await freePort();
  const simulator = await startSimulatorProcess({
    callbackUrl: `http://127.0.0.1:${port}/webhooks/meta`,
    appSecret: APP_SECRET,
    verifyToken: VERIFY_TOKEN,
    tokens: [GRAPH_TOKEN],
    wabaId: WABA_ID,
    numbers: [
      {
        phoneNumberId: PHONE_NUMBER_ID,
        displayPhoneNumber: `+${BUSINESS_PHONE}`,
        verifiedName: 'Kopi Senja',
      },
    ],
    pairLimit: null,
    throughputPerSecond: null,
    ledgerDir: join(dataDir, 'simulator'),
    ...options.simulator,
  });
  stack.defer(() => simulator.kill());
  const env = {
    PATH: process.env['PATH'] ?? '',
    NO_COLOR: '1',
    // As npm would start it: it stops by itself when we are gone.
    npm_lifecycle_event: 'test',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    KURIR_DATA_DIR: join(dataDir, 'node'),
    KURIR_SECRET: randomBytes(24).toString('base64url'),
    KURIR_GRAPH_URL: simulator.url,
    ...options.env,
  };
  const gateway = createGatewayProcess(env);
  stack.defer(() => gateway.kill());
  const house: ProcessHouse = {
    url: `http://127.0.0.1:${port}`,
    simulatorUrl: simulator.url,
    apiKey: '',
    databaseUrl,
    dataDir,
    log: () => gateway.log(),
    kurir: (args, stdin) => run(env, args, stdin),
    start: (more) => gateway.start(more),
    kill: () => gateway.kill(),
    stop: () => gateway.stop(),
    query: (sql, values, name) => database.query(sql, values, name),
    [Symbol.asyncDispose]: async () => undefined,
  };
  house.apiKey = await furnish(house);
  await house.start();
  const running = stack.move();
  house[Symbol.asyncDispose] = () => running.disposeAsync();
  return house;
}

/** A number and a key, by the commands an operator would use. */
async function furnish(house: ProcessHouse): Promise<string> {
  const done = async (args: readonly string[], stdin?: string): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await house.kurir([...args, '--json'], stdin);
    if (code !== 0) throw new Error(`kurir ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  };
  await done(
    ['apps', 'add', '--name', 'Tests', '--app-secret-file', '-', '--verify-token', VERIFY_TOKEN],
    APP_SECRET,
  );
  const key = await done(['keys', 'create', '--label', 'tests']);
  const ids = ['--phone-number-id', PHONE_NUMBER_ID, '--waba-id', WABA_ID];
  await done(['numbers', 'add', ...ids, '--token-file', '-'], GRAPH_TOKEN);
  await done(['numbers', 'set', PHONE_NUMBER_ID, '--pace', 'off']);
  return String(key['key']);
}

async function createDatabase(
  stack: AsyncDisposableStack,
): Promise<{ databaseUrl: string; database: Database }> {
  const adminUrl = inject('databaseUrl');
  const name = `house_${randomBytes(8).toString('hex')}`;
  const onIdleError = (): void => undefined;
  const admin = openDatabase({ url: adminUrl, connections: 1, onIdleError });
  await admin.query(`create database ${name}`);
  stack.defer(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.close();
  });
  const databaseUrl = new URL(adminUrl);
  databaseUrl.pathname = `/${name}`;
  const database = openDatabase({ url: databaseUrl.href, connections: 2, onIdleError });
  stack.defer(() => database.close());
  return { databaseUrl: databaseUrl.href, database };
}

async function run(env: Record<string, string>, args: readonly string[], stdin = ''): Promise<CommandResult> {
  const child = spawn(process.execPath, [KURIR, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}
