// The house of a run, all of it processes that can be killed: one PostgreSQL (for all runs, a database for each), the nodes, the
// simulator with its ledger on disk. Nodes have a data directory and a port each; Meta's webhooks have one address, which leads to a
// node that lives, as a load balancer's would.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { LEDGER_FILE } from '../../simulator/ledger.ts';
import { readConfig } from '../../src/config/config.ts';
import { openContext } from '../../src/gateway.ts';
import { createLog } from '../../src/kernel/log.ts';
import { createKey } from '../../src/organisations/api-keys.ts';
import { addApp } from '../../src/organisations/apps.ts';
import { addNumber, setNumber } from '../../src/organisations/numbers.ts';
import { createOrganisation } from '../../src/organisations/organisations.ts';
import { openDatabase, type Database } from '../../src/storage/db.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded.ts';
import { freePort } from '../../src/storage/free-port.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { createGatewayProcess, startSimulatorProcess, type GatewayProcess } from '../support/processes.ts';
import { openBalancer, type Balancer } from './balancer.ts';
import { TIME_SCALE, UNKNOWN_AFTER_MS, type Plan } from './plan.ts';

const APP_SECRET = 'the-app-secret-of-the-crash-test';
const VERIFY_TOKEN = 'the-verify-token-of-the-crash-test';
const GRAPH_TOKEN = 'EAAcrash0000000000000000000';
const WABA_ID = '102290129340398';
const PACE = 200;
const SEND_WAIT_MS = 2_000;
const POSTGRES_BACK_MS = 60_000;

export interface CrashPostgres extends AsyncDisposable {
  url: string;
  /** kill -9 of the postmaster and all its children; resolves when it takes connections again. */
  kill(): Promise<void>;
}

export interface Node {
  name: string;
  url: string;
  process: GatewayProcess;
  /** Takes requests, as far as a load balancer can know. */
  living: boolean;
}

export interface CrashHouse extends AsyncDisposable {
  nodes: Node[];
  simulatorUrl: string;
  apiKey: string;
  /** Of all that the processes write; it goes with the house, unless `keep` says otherwise. */
  folder: string;
  keep(logs: Record<string, unknown>): void;
  ledgerFile: string;
  postgres: CrashPostgres;
  database: Database;
  balancer: Balancer;
}

const log = createLog('silent');
const onIdleError = (): void => undefined;

export async function startCrashPostgres(): Promise<CrashPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kurir-crash-postgres-'));
  // Run by root, PostgreSQL has a user of its own that must get in.
  chmodSync(dataDir, 0o755);
  let restarted: () => void = () => undefined;
  // It is watched: one that dies is started again on its port.
  const postgres = await startEmbeddedPostgres({ dataDir, log, onRestart: () => restarted() });
  return {
    url: postgres.url,
    async kill() {
      const back = new Promise<'back'>((resolve) => (restarted = () => resolve('back')));
      for (const pid of [postgres.pid, ...childrenOf(postgres.pid)]) killHard(pid);
      if ((await Promise.race([back, pause(POSTGRES_BACK_MS, undefined, { ref: false })])) !== 'back')
        throw new Error(`PostgreSQL did not come back; its log is in ${dataDir}.`);
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Everything that a plan needs, running; the customers have written. */
export async function startCrashHouse(plan: Plan, postgres: CrashPostgres): Promise<CrashHouse> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), `kurir-crash-${plan.seed}-`));
  let kept = false;
  const clear = (): void => (kept ? undefined : rmSync(folder, { recursive: true, force: true }));
  // Also where the run is interrupted.
  process.once('exit', clear);
  stack.defer(() => {
    process.off('exit', clear);
    clear();
  });
  const { database, databaseUrl } = await createDatabase(postgres, stack);
  const ports = [];
  for (let i = 0; i < plan.nodes; i++) ports.push(await freePort());
  const balancer = await openBalancer();
  stack.defer(() => balancer.close());
  const only = ports.length === 1 ? ports[0] : undefined;
  const simulator = await startSimulatorProcess({
    appSecret: APP_SECRET,
    verifyToken: VERIFY_TOKEN,
    tokens: [GRAPH_TOKEN],
    wabaId: WABA_ID,
    callbackUrl: `http://127.0.0.1:${only ?? balancer.port}/webhooks/meta`,
    ledgerDir: join(folder, 'simulator'),
    keepMessages: 1_000_000,
    keepJournal: 100,
    ...plan.simulator,
  });
  stack.defer(() => simulator.kill());
  const secret = randomBytes(24).toString('base64url');
  const env = {
    PATH: process.env['PATH'] ?? '',
    NO_COLOR: '1',
    // As npm would start it: it stops by itself when we are gone.
    npm_lifecycle_event: 'test',
    DATABASE_URL: databaseUrl,
    KURIR_SECRET: secret,
    KURIR_GRAPH_URL: simulator.url,
    KURIR_PUBLIC_URL: `http://127.0.0.1:${only ?? balancer.port}`,
    KURIR_SEND_WAIT_MS: String(SEND_WAIT_MS),
    KURIR_UNKNOWN_AFTER_MS: String(UNKNOWN_AFTER_MS),
    KURIR_TIME_SCALE: String(TIME_SCALE),
    KURIR_WRITE_PER_MINUTE: '1000000000',
    KURIR_READ_PER_MINUTE: '1000000000',
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'info',
  };
  const apiKey = await furnish({ plan, env, databaseUrl });
  const nodes = ports.map((port, i): Node => {
    const name = `node-${i}`;
    const own = { ...env, PORT: String(port), KURIR_DATA_DIR: join(folder, name) };
    return { name, url: `http://127.0.0.1:${port}`, process: createGatewayProcess(own), living: false };
  });
  // Also one that is being started while the run is interrupted.
  const killAll = (): void => void nodes.map((node) => node.process.kill());
  process.prependOnceListener('exit', killAll);
  stack.defer(async () => {
    process.off('exit', killAll);
    await Promise.all(nodes.map((node) => node.process.kill()));
  });
  await Promise.all(nodes.map((node) => node.process.start()));
  for (const node of nodes) node.living = true;
  balancer.follow(nodes);
  const running = stack.move();
  return {
    nodes,
    simulatorUrl: simulator.url,
    apiKey,
    folder,
    keep(logs) {
      kept = true;
      for (const node of nodes) writeFileSync(join(folder, `${node.name}.log`), node.process.log());
      for (const [name, value] of Object.entries(logs))
        writeFileSync(join(folder, `${name}.json`), JSON.stringify(value, null, 1));
    },
    ledgerFile: join(folder, 'simulator', LEDGER_FILE),
    postgres,
    database,
    balancer,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function createDatabase(
  postgres: CrashPostgres,
  stack: AsyncDisposableStack,
): Promise<{ database: Database; databaseUrl: string }> {
  const admin = openDatabase({ url: postgres.url, connections: 1, onIdleError });
  const name = `crash_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}`);
  await admin.close();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const database = openDatabase({ url: url.href, connections: 2, onIdleError });
  stack.defer(async () => {
    await database.close();
    const last = openDatabase({ url: postgres.url, connections: 1, onIdleError });
    await last.query(`drop database ${name} with (force)`);
    await last.close();
  });
  return { database, databaseUrl: url.href };
}

// An organisation with its numbers and a key, through the verbs that the commands use: twenty commands take half a minute.
async function furnish(house: {
  plan: Plan;
  env: Record<string, string>;
  databaseUrl: string;
}): Promise<string> {
  const { plan, env, databaseUrl } = house;
  const { config, secrets } = readConfig({ ...env, PORT: '0' }, 'production');
  if (!secrets) throw new Error('The crash test gives a secret.');
  const ctx = openContext({ config, secrets, databaseUrl, nodeId: 'node-furnisher' });
  try {
    await migrate(ctx.db);
    const { id: organisationId } = await createOrganisation(ctx, { name: 'Crash' });
    await addApp(ctx, { name: 'Crash', appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN });
    for (const [i, phoneNumberId] of plan.numbers.entries()) {
      const phone = `62851176000${1_000 + i}`;
      const found = {
        kind: 'found' as const,
        phone,
        displayPhoneNumber: `+${phone}`,
        verifiedName: `Kopi Senja ${i}`,
      };
      const number = { organisationId, phoneNumberId, wabaId: WABA_ID, token: GRAPH_TOKEN };
      await addNumber(ctx, { ...number, check: async () => found });
      await setNumber(ctx, { organisationId, phoneNumberId, pace: PACE, onUnknown: plan.policy });
    }
    return (await createKey(ctx, { organisationId, label: 'crash' })).key;
  } finally {
    await ctx.db.close();
  }
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid ?? 0);
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself in this moment.
  }
}
