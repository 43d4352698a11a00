// The whole house for a test: a gateway in a schema of its own and a simulator of Meta, in this process, wired to each other. A test
// reads like a story: send, look at the simulator, wait for a status. Nothing sleeps; what must come is waited for by `until`.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

import { readConfig, type Config } from '../../src/config/config.ts';
import { createSecrets } from '../../src/config/secrets.ts';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { createLog, type Log } from '../../src/kernel/log.ts';
import { createKey } from '../../src/organisations/api-keys.ts';
import { addApp } from '../../src/organisations/apps.ts';
import { addNumber } from '../../src/organisations/numbers.ts';
import { createOrganisation } from '../../src/organisations/organisations.ts';
import type { Context } from '../../src/context.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { createSealer } from '../../src/kernel/secrets.ts';
import { freePort } from '../../src/storage/free-port.ts';
import { openDatabase } from '../../src/storage/db.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import type { SimulatorSettings } from '../../simulator/settings.ts';

export const APP_SECRET = 'the-app-secret-of-the-tests';
export const VERIFY_TOKEN = 'the-verify-token-of-the-tests';
export const GRAPH_TOKEN = 'EAAtests00000000000000000000';
export const WABA_ID = '102290129340398';
export const PHONE_NUMBER_ID = '106540352242922';
export const BUSINESS_PHONE = '628511760008029';

const SECRET = 'a secret of the tests, long enough';

export interface HouseOptions {
  simulator?: SimulatorSettings;
  config?: Partial<Config>;
  clock?: Clock;
  log?: Log;
  pace?: number | null;
  onUnknown?: 'fail' | 'resend';
  /** Whose free space the gateway watches. */
  databaseFolder?: string;
  /** A PostgreSQL of the test's own instead of the run's. */
  databaseUrl?: string;
  /** The gateway's way to the database, where a test wants to break it. */
  gatewayDatabaseUrl?: string;
  /** Puts a pooler between gateways and database, each of whose sessions lives in the house's schema; returns its address. */
  pooler?: (schema: string) => Promise<string>;
}

export interface NodeOptions {
  nodeId?: string;
  config?: Partial<Config>;
  clock?: Clock;
  /** The node's way to the database, where a test wants to break it. */
  databaseUrl?: string;
}

/** One gateway of several; it stops with the house, or before. */
export interface Node extends AsyncDisposable {
  id: string;
  gateway: Gateway;
  request: House['request'];
  sendText: House['sendText'];
}

export interface House extends AsyncDisposable {
  gateway: Gateway;
  simulator: Simulator;
  ctx: Context;
  organisationId: string;
  appId: string;
  apiKey: string;
  schema: string;
  databaseUrl: string;
  /** A request to the gateway with the house's key; the body is sent as JSON. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** A text to a number through the kirim dialect. */
  sendText(to: string, text?: string, headers?: Record<string, string>): Promise<Reply>;
  /** Stops the gateway and starts another one on the same tables. */
  restart(): Promise<void>;
  /** A further gateway on the same tables, with a node id of its own. Webhooks go on to the first one. */
  addNode(about?: NodeOptions): Promise<Node>;
  /** A further number of an organisation, with its lane. */
  addNumber(number: { phoneNumberId: string; phone: string; organisationId?: string }): Promise<void>;
  /** A further organisation with a key. */
  addOrganisation(name: string): Promise<{ organisationId: string; apiKey: string }>;
}

export interface Reply {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes back is looked at field by field by the tests
  body: { [key: string]: any; data: any; error: any };
  text: string;
}

export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const databaseUrl = options.databaseUrl ?? inject('databaseUrl');
  const schema = `house_${randomUUID().replaceAll('-', '')}`;
  const log = options.log ?? createLog(process.env['TEST_LOG'] ?? 'silent');
  const onIdleError = (): void => undefined;
  const admin = openDatabase({ url: databaseUrl, connections: 2, schema, onIdleError });
  await admin.query(`create schema ${schema}`);
  await migrate(admin);
  const port = await freePort();
  const simulator = await startSimulator({
    port: 0,
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
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
    pairLimit: null,
    throughputPerSecond: null,
    ...options.simulator,
  });
  const { config: base } = readConfig(
    { KURIR_SECRET: SECRET, DATABASE_URL: databaseUrl, PORT: String(port) },
    'production',
  );
  const config = {
    ...base,
    graphUrl: simulator.url,
    mediaDir: join(tmpdir(), `kurir-media-${schema}`),
    databaseConnections: 6,
    sendWaitMs: 5_000,
    ...options.config,
  };
  const secrets = createSecrets(SECRET);
  const seeding: Context = {
    config,
    db: admin,
    clock: systemClock,
    random: systemRandom,
    sealer: createSealer(secrets.sealing),
    log,
  };
  const organisation = await createOrganisation(seeding, { name: 'Kopi Senja' });
  const app = await addApp(seeding, { name: 'Tests', appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN });
  const { key } = await createKey(seeding, { organisationId: organisation.id, label: 'tests' });

  async function number(about: {
    phoneNumberId: string;
    phone: string;
    organisationId?: string;
  }): Promise<void> {
    await addNumber(seeding, {
      organisationId: (about.organisationId ?? organisation.id) as typeof organisation.id,
      appId: app.id,
      phoneNumberId: about.phoneNumberId,
      wabaId: WABA_ID,
      token: GRAPH_TOKEN,
      check: async () => ({
        kind: 'found',
        phone: about.phone,
        displayPhoneNumber: `+${about.phone}`,
        verifiedName: 'Kopi Senja',
      }),
    });
    const { pace = null, onUnknown = 'fail' } = options;
    await admin.query(
      'update numbers set pace = $2, pace_from_meta = false, on_unknown = $3 where phone_number_id = $1',
      [about.phoneNumberId, pace, onUnknown],
    );
  }

  await number({ phoneNumberId: PHONE_NUMBER_ID, phone: BUSINESS_PHONE });
  const poolerUrl = await options.pooler?.(schema);
  const start = (about: NodeOptions & { nodeId: string }): Promise<Gateway> => {
    const clock = about.clock ?? options.clock;
    return createGateway({
      config: { ...config, ...about.config },
      secrets,
      databaseUrl: about.databaseUrl ?? poolerUrl ?? options.gatewayDatabaseUrl ?? databaseUrl,
      nodeId: about.nodeId,
      ...(poolerUrl === undefined ? { schema } : {}),
      log: log.child({ node: about.nodeId }),
      ...(clock === undefined ? {} : { clock }),
      ...(options.databaseFolder === undefined ? {} : { databaseFolder: options.databaseFolder }),
    });
  };
  const first = { nodeId: `node-${schema}` };
  const nodes: Node[] = [];
  const house: House = {
    gateway: await start(first),
    simulator,
    ctx: seeding,
    organisationId: organisation.id,
    appId: app.id,
    apiKey: key,
    schema,
    databaseUrl,
    ...doorsOf(() => ({ url: house.gateway.url, apiKey: house.apiKey })),
    async restart() {
      await house.gateway.close();
      house.gateway = await start(first);
    },
    async addNode(about = {}) {
      const id = about.nodeId ?? `node-${nodes.length + 2}-${schema}`;
      const gateway = await start({ ...about, nodeId: id, config: { port: 0, ...about.config } });
      const node = {
        id,
        gateway,
        ...doorsOf(() => ({ url: gateway.url, apiKey: house.apiKey })),
        [Symbol.asyncDispose]: () => gateway.close(),
      };
      nodes.push(node);
      return node;
    },
    addNumber: number,
    async addOrganisation(name) {
      const other = await createOrganisation(seeding, { name });
      const made = await createKey(seeding, { organisationId: other.id, label: name });
      return { organisationId: other.id, apiKey: made.key };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([house, ...nodes].map((node) => node.gateway.close()));
      await simulator.close();
      await admin.query(`drop schema ${schema} cascade`);
      await admin.close();
      await rm(config.mediaDir, { recursive: true, force: true });
    },
  };
  return house;
}

function doorsOf(door: () => Door): Pick<House, 'request' | 'sendText'> {
  const ask: House['request'] = (method, path, body, headers = {}) =>
    request(door(), { method, path, body, headers });
  return {
    request: ask,
    sendText: (to, text = 'Halo', headers = {}) =>
      ask(
        'POST',
        `/v1/${PHONE_NUMBER_ID}/messages`,
        { messaging_product: 'whatsapp', to, type: 'text', text: { body: text } },
        headers,
      ),
  };
}

interface Door {
  url: string;
  apiKey: string;
}

async function request(
  door: Door,
  what: { method: string; path: string; body: unknown; headers: Record<string, string> },
): Promise<Reply> {
  const headers: Record<string, string> = { authorization: `Bearer ${door.apiKey}`, ...what.headers };
  const init: RequestInit = { method: what.method, headers };
  if (what.body !== undefined) {
    headers['content-type'] ??= 'application/json';
    init.body = typeof what.body === 'string' ? what.body : JSON.stringify(what.body);
  }
  const response = await fetch(door.url + what.path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : { data: undefined, error: undefined },
    text,
  };
}

/** Asks again and again until the answer is there; fails with `what` when it does not come. */
export async function until<Found>(
  what: string,
  ask: () => Promise<Found | undefined | false>,
  withinMs = 10_000,
): Promise<Found> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
