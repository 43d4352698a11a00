// One storm: a gateway as a real process, receivers in another, Meta's posts from here; the node is killed and started again, one
// subscription is taken away, and then everything is waited for that has an end.
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';

import { freePort } from '../../src/storage/free-port.ts';
import type { Database } from '../../src/storage/db.ts';
import { APP_SECRET, createRunDatabase, furnish, WABA_ID } from '../crash/furnish.ts';
import { createGatewayProcess, type GatewayProcess } from '../support/processes.ts';
import type { PlannedPost, StormPlan } from './plan.ts';
import { startReceivers, type Receivers } from './receivers.ts';
import type { DeliveryRow, Evidence, Kill, PostRecord } from './verdict.ts';

const PHONE_NUMBER_ID = '106540352242900';
const CONNECTIONS = 16;
const AGAIN_MS = 100;
const ANSWER_WITHIN_MS = 20_000;
/** Beyond what the schedule takes: what fails all the time is tried one after the other. */
const SETTLED_WITHIN_MS = 600_000;
const SCHEDULE_MS = 112_360_000;
const LOOK_MS = 500;

export interface StormResult {
  evidence: Evidence;
  seconds: number;
  /** Keeps the logs and ledgers, and says where. */
  keep: () => string;
}

interface StormHouse {
  plan: StormPlan;
  url: string;
  apiKey: string;
  gateway: GatewayProcess;
  receivers: Receivers;
  database: Database;
  pool: Pool;
  /** The ids of the subscriptions, in the order of `manners`. */
  subscriptions: string[];
}

export async function runStorm(
  plan: StormPlan,
  about: { postgres: { url: string }; say: (line: string) => void },
): Promise<StormResult> {
  const startedAt = performance.now();
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), `kurir-storm-${plan.seed}-`));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const house = await startStormHouse(plan, { ...about, folder, stack });
  const beganAt = Date.now();
  const [posts, kills, removedAt] = await Promise.all([
    Promise.all(plan.posts.map((planned) => post(house, planned, beganAt))),
    killAll(house, beganAt, about.say),
    remove(house, beganAt),
  ]);
  about.say(`${plan.events} events taken after ${Math.round((Date.now() - beganAt) / 1_000)} s`);
  await settled(house);
  const died = house.gateway.died();
  await house.gateway.kill();
  await house.receivers.stop();
  const rows = await readRows(house);
  const { requests } = house.receivers;
  const log = house.gateway.log();
  return {
    evidence: { plan, posts, kills, removedAt, requests, rows, died },
    seconds: (performance.now() - startedAt) / 1_000,
    keep() {
      const kept = mkdtempSync(join(tmpdir(), `kurir-storm-${plan.seed}-kept-`));
      writeFileSync(join(kept, 'gateway.log'), log);
      writeFileSync(join(kept, 'evidence.json'), JSON.stringify({ posts, kills, removedAt, requests, rows }));
      return kept;
    },
  };
}

async function startStormHouse(
  plan: StormPlan,
  about: { postgres: { url: string }; folder: string; stack: AsyncDisposableStack },
): Promise<StormHouse> {
  const { stack, folder } = about;
  const { database, databaseUrl } = await createRunDatabase(about.postgres, stack);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env['PATH'] ?? '',
    NO_COLOR: '1',
    // As npm would start it: it stops by itself when we are gone.
    npm_lifecycle_event: 'test',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    KURIR_DATA_DIR: join(folder, 'node'),
    KURIR_SECRET: randomBytes(24).toString('base64url'),
    // Nothing is sent.
    KURIR_GRAPH_URL: url,
    KURIR_WEBHOOK_ALLOW: '127.0.0.0/8',
    KURIR_WEBHOOK_RETRY_SCALE: String(plan.retryScale),
    KURIR_WRITE_PER_MINUTE: '1000000',
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'info',
  };
  const apiKey = await furnish({ numbers: [PHONE_NUMBER_ID], policy: 'fail', env, databaseUrl });
  const receivers = stack.use(await startReceivers({ seed: plan.seed, folder, manners: plan.manners }));
  const gateway = createGatewayProcess(env);
  stack.defer(() => gateway.kill());
  await gateway.start();
  const pool = new Pool(url, {
    connections: CONNECTIONS,
    pipelining: 1,
    bodyTimeout: ANSWER_WITHIN_MS,
    headersTimeout: ANSWER_WITHIN_MS,
  });
  stack.defer(() => pool.destroy());
  const house = { plan, url, apiKey, gateway, receivers, database, pool, subscriptions: [] as string[] };
  for (const [i, receiver] of receivers.urls.entries())
    house.subscriptions.push(await subscribe(house, receiver, i));
  return house;
}

async function subscribe(house: StormHouse, url: string, i: number): Promise<string> {
  const { status, text } = await ask(house, 'POST', '/v1/webhook_subscriptions', {
    url,
    dialect: house.plan.dialects[i],
    events: ['message.received'],
  });
  const { data } = JSON.parse(text) as { data?: { id: string } };
  if (!data) throw new Error(`A subscription was answered ${status}: ${text}`);
  return data.id;
}

// As Meta does: again until it is answered 200.
async function post(house: StormHouse, planned: PlannedPost, beganAt: number): Promise<PostRecord> {
  await pause(Math.max(0, beganAt + planned.atMs - Date.now()));
  const askedAt = Date.now();
  const body = envelopeOf(planned);
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  for (let times = 1; ; times++) {
    const status = await house.pool
      .request({
        method: 'POST',
        path: '/webhooks/meta',
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
        body,
      })
      .then(
        async (response) => (await response.body.dump(), response.statusCode),
        () => 0,
      );
    if (status === 200)
      return { events: planned.events.map(({ wamid }) => wamid), askedAt, takenAt: Date.now(), times };
    if (times * AGAIN_MS > SETTLED_WITHIN_MS) throw new Error(`A webhook was not taken: HTTP ${status}`);
    await pause(AGAIN_MS);
  }
}

function envelopeOf({ events }: PlannedPost): string {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const messages = events.map(({ wamid, from }) => ({
    from,
    id: wamid,
    timestamp,
    type: 'text',
    text: { body: 'Halo, apa kabar?' },
  }));
  const contacts = [...new Set(events.map(({ from }) => from))].map((from) => ({
    wa_id: from,
    profile: { name: `Pelanggan ${from}` },
  }));
  const metadata = { display_phone_number: '6285117600001000', phone_number_id: PHONE_NUMBER_ID };
  const value = { messaging_product: 'whatsapp', metadata, contacts, messages };
  const changes = [{ field: 'messages', value }];
  return JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: WABA_ID, changes }] });
}

async function killAll(house: StormHouse, beganAt: number, say: (line: string) => void): Promise<Kill[]> {
  const kills: Kill[] = [];
  for (const atMs of house.plan.killsAtMs) {
    await pause(Math.max(0, beganAt + atMs - Date.now()));
    const at = Date.now();
    await house.gateway.kill();
    const inHand = await readInHand(house);
    await house.gateway.start();
    kills.push({ at, backAt: Date.now(), inHand });
    say(`killed after ${Math.round((at - beganAt) / 1_000)} s; back after ${Date.now() - at} ms`);
  }
  return kills;
}

// What the killed node had in hand and had not written down: `<receiver> <event>`. Its last statements may still be under way.
async function readInHand({ database, subscriptions }: StormHouse): Promise<string[]> {
  for (;;) {
    const [row] = await database.query<{ busy: boolean }>(
      `select exists (select from pg_stat_activity where datname = current_database() and application_name = 'kurir'
         and state <> 'idle' and pid <> pg_backend_pid()) as busy`,
    );
    if (row?.busy === false) break;
    await pause(10);
  }
  const rows = await database.query<{ subscription: string; event: string }>(
    `select d.subscription_id as subscription, substring(t.body from 'wamid[.][A-Za-z0-9]+') as event from deliveries d
       join tellings t on t.organisation_id = d.organisation_id and t.event_id = d.event_id and t.dialect = d.dialect and t.created_at = d.told_at
     where d.subscription_id = any($1) and d.held_by is not null`,
    [subscriptions],
  );
  return rows.map(({ subscription, event }) => `${subscriptions.indexOf(subscription)} ${event}`);
}

async function remove(house: StormHouse, beganAt: number): Promise<number | undefined> {
  const gone = house.subscriptions.filter((_, i) => house.plan.manners[i] === 'removed');
  if (gone.length === 0) return undefined;
  await pause(Math.max(0, beganAt + house.plan.removeAtMs - Date.now()));
  for (const id of gone)
    for (;;) {
      const { status } = await ask(house, 'DELETE', `/v1/webhook_subscriptions/${id}`).catch(() => ({
        status: 0,
      }));
      if (status === 204 || status === 200 || status === 404) break;
      await pause(AGAIN_MS);
    }
  return Date.now();
}

async function ask(
  house: Pick<StormHouse, 'url' | 'apiKey'>,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  const response = await fetch(house.url + path, {
    method,
    headers: { authorization: `Bearer ${house.apiKey}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

// Whatever is not told by then is for the verdict to say. Of those that never answer nobody knows the end: each try takes its ten seconds.
async function settled(house: StormHouse): Promise<void> {
  const { plan, subscriptions, receivers, database } = house;
  const until = performance.now() + (SCHEDULE_MS * 1.2) / plan.retryScale + SETTLED_WITHIN_MS;
  const ending = subscriptions.filter(
    (_, i) => plan.manners[i] !== 'silent' && plan.manners[i] !== 'removed',
  );
  const waits = `select exists (
    select from deliveries d join webhook_subscriptions s on s.organisation_id = d.organisation_id and s.id = d.subscription_id
    where d.subscription_id = any($1) and d.due_at is not null and s.status = 'active') as waits`;
  for (;;) {
    await pause(LOOK_MS);
    receivers.read();
    const [row] = await database.query<{ waits: boolean }>(waits, [ending]);
    if (row?.waits === false || performance.now() > until) return;
  }
}

async function readRows({ database, plan, subscriptions }: StormHouse): Promise<DeliveryRow[]> {
  const rows = await database.query<Omit<DeliveryRow, 'receiver'> & { subscription: string }>(
    `select d.subscription_id as subscription, d.id, d.state, d.attempt, d.due_at is not null as waits, d.tries, s.status_reason as "off"
     from deliveries d left join webhook_subscriptions s on s.organisation_id = d.organisation_id and s.id = d.subscription_id
     where d.subscription_id = any($1)`,
    [subscriptions.filter((_, i) => plan.manners[i] !== 'well')],
  );
  return rows.map(({ subscription, ...row }) => ({ ...row, receiver: subscriptions.indexOf(subscription) }));
}
