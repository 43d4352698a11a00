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
import { createLog } from '../../src/kernel/log.ts';
import type { Database } from '../../src/storage/db.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded.ts';
import { freePort } from '../../src/storage/free-port.ts';
import type { WebhookDialect } from '../../src/webhooks/telling.ts';
import { startReceivers, type Manner, type Receivers } from '../storm/receivers.ts';
import { createGatewayProcess, startSimulatorProcess, type GatewayProcess } from '../support/processes.ts';
import { openBalancer, type Balancer } from './balancer.ts';
import { APP_SECRET, createRunDatabase, furnish, GRAPH_TOKEN, VERIFY_TOKEN, WABA_ID } from './furnish.ts';
import { TIME_SCALE, UNKNOWN_AFTER_MS, type Plan } from './plan.ts';

const SEND_WAIT_MS = 2_000;
const POSTGRES_BACK_MS = 60_000;

/** Who hears of a run. */
export const SUBSCRIBERS: readonly Subscriber[] = [
  { manner: 'well', dialect: 'kirim', events: ['message.received', 'message.status'] },
  { manner: 'well', dialect: 'meta', events: ['message.received'], ordered: true },
  { manner: 'well', dialect: 'standard', events: ['message.received'] },
  { manner: 'failing', dialect: 'kirim', events: ['message.received'] },
];

interface Subscriber {
  manner: Manner;
  dialect: WebhookDialect;
  events: string[];
  ordered?: true;
}

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
  receivers: Receivers;
  /** Ids, in the order of SUBSCRIBERS. */
  subscriptions: string[];
  postgres: CrashPostgres;
  database: Database;
  balancer: Balancer;
}

const log = createLog('silent');

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
  const { database, databaseUrl } = await createRunDatabase(postgres, stack);
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
    KURIR_WEBHOOK_ALLOW: '127.0.0.0/8',
    KURIR_WEBHOOK_RETRY_SCALE: '100000',
    KURIR_WEBHOOK_DEAD_MAX: '1000000',
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'info',
  };
  const apiKey = await furnish({ numbers: plan.numbers, policy: plan.policy, env, databaseUrl });
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
  const receivers = stack.use(
    await startReceivers({ seed: plan.seed, folder, manners: SUBSCRIBERS.map(({ manner }) => manner) }),
  );
  const [first, ...others] = nodes;
  if (!first) throw new Error('A run has a node.');
  await first.process.start();
  // The others know of them from the start.
  const subscriptions = await subscribeAll({ url: first.url, apiKey }, receivers);
  await Promise.all(others.map((node) => node.process.start()));
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
    receivers,
    subscriptions,
    postgres,
    database,
    balancer,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function subscribeAll(node: { url: string; apiKey: string }, { urls }: Receivers): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, { dialect, events, ordered = false }] of SUBSCRIBERS.entries()) {
    const response = await fetch(`${node.url}/v1/webhook_subscriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${node.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: urls[i], dialect, events, ordered }),
    });
    const { data } = (await response.json()) as { data?: { id: string } };
    if (!data) throw new Error(`A subscription was refused: HTTP ${response.status}`);
    ids.push(data.id);
  }
  return ids;
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
