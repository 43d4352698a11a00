// The database goes away under load, and comes back: stopped, killed, hanging, out of connections. Sends and webhooks are answered 503 at
// once and with a moment to come back, nothing accepted is lost or doubled, it is told once in the log, and all of it ends by itself.
// `npm run test:database` is the long form: thirty seconds without a database under 200 sends a second.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { keptLog, startLoad } from '../support/database-load.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { startScratchPostgres, type ScratchPostgres } from '../support/scratch-postgres.ts';
import { postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';

const LONG = process.env['TEST_DATABASE'] === 'long';
const AWAY_MS = LONG ? 30_000 : 3_000;
const PER_SECOND = LONG ? 200 : 50;
const TEST_MS = LONG ? 300_000 : 90_000;

let postgres: ScratchPostgres;
beforeAll(async () => void (postgres = await startScratchPostgres()));
afterAll(() => postgres[Symbol.asyncDispose]());

function startOn(more: Parameters<typeof startHouse>[0] = {}): Promise<House> {
  return startHouse({
    databaseUrl: postgres.url,
    ...more,
    simulator: {
      windowEnforced: false,
      // Meta repeats what was answered 503, for days; here for two minutes.
      webhookRetryMs: Array.from({ length: 400 }, () => 300),
      ...more.simulator,
    },
  });
}

async function ready(house: House): Promise<number> {
  return (await house.request('GET', '/health/ready')).status;
}

/** All that is true while the database is away. */
async function expectAway(house: House): Promise<void> {
  const refused = await house.sendText('12025580001', 'while away');
  expectKirimError(refused, 'service_unavailable');
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  const graph = await house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, {
    messaging_product: 'whatsapp',
    to: '12025580001',
    type: 'text',
    text: { body: 'while away' },
  });
  expectGraphError(graph, { status: 503, code: 2 });
  expect(graph.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expectStatus(await postWebhook(house, statusEnvelope([{ id: 'wamid.any', status: 'sent' }])), 503);
  expectStatus(await house.request('GET', '/health/ready'), 503);
  expectStatus(await house.request('GET', '/health'), 200);
}

test(
  `stopped for ${AWAY_MS / 1_000} s under ${PER_SECOND} sends a second, and started again`,
  { timeout: TEST_MS },
  async () => {
    const { log, lines } = keptLog();
    await using house = await startOn({ log });
    const load = startLoad(house, PER_SECOND);
    await until('sends', async () => load.count(200) > PER_SECOND);
    await postgres.stop();
    await until('it to be noticed', async () => load.count(503) > PER_SECOND / 2);
    await expectAway(house);
    load.since();
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    const meanwhile = load.since();
    // Refused at once, not after a time-out. Those that were accepted before it went are answered with what is known of them.
    const refused = meanwhile.filter((reply) => reply.status !== 200);
    expect(refused.length).toBeGreaterThan(PER_SECOND);
    for (const reply of refused) expectKirimError(reply, 'service_unavailable');
    expect(refused.every((reply) => reply.headers.get('retry-after') !== null)).toBe(true);
    console.log(
      `away for ${AWAY_MS} ms: ${refused.length} refused, ${meanwhile.length - refused.length} accepted before`,
    );
    const before = load.count(200);
    await postgres.start();
    await until('sends again', async () => load.count(200) > before + PER_SECOND, 20_000);
    await until('readiness', async () => (await ready(house)) === 200);
    await load.finish();
    await load.settled(60_000);
    const told = lines.filter((line) => ['warn', 'error', 'fatal'].includes(line.level));
    expect(lines.filter((line) => line.msg.startsWith('the database takes nothing'))).toHaveLength(1);
    expect(lines.filter((line) => line.msg.startsWith('the database takes what'))).toHaveLength(1);
    expect(told.map((line) => line.msg).length, told.map((line) => line.msg).join('\n')).toBeLessThan(10);
  },
);

describe('under load', () => {
  test('one of its processes is killed with -9', { timeout: TEST_MS }, async () => {
    await using house = await startOn();
    const load = startLoad(house, 50);
    await until('sends', async () => load.count(200) > 50);
    const [backend] = await house.ctx.db.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'kurir' and state is not null limit 1",
    );
    process.kill(backend?.pid ?? 0, 'SIGKILL');
    const before = load.count(200);
    await until('sends again', async () => load.count(200) > before + 100, 20_000);
    await load.finish();
    await load.settled();
  });

  test(
    'it hangs: what waits is answered, and what it did after all is found',
    { timeout: TEST_MS },
    async () => {
      await using house = await startOn();
      const load = startLoad(house, 20);
      await until('sends', async () => load.count(200) > 20);
      const pids = await house.ctx.db.query<{ pid: number }>(
        "select pid from pg_stat_activity where application_name = 'kurir' and pid <> pg_backend_pid()",
      );
      const all = [postgres.pid(), ...pids.map((one) => one.pid)];
      for (const pid of all) process.kill(pid, 'SIGSTOP');
      try {
        // Before any statement's own time-out.
        await until('it to be noticed', async () => load.count(503) > 20, 20_000);
        await expectAway(house);
        const begun = load.begun();
        // Those, too, whose statement hangs.
        await until('an answer to each', async () => load.answered(begun) === begun, 20_000);
      } finally {
        for (const pid of all) process.kill(pid, 'SIGCONT');
      }
      const before = load.count(200);
      await until('sends again', async () => load.count(200) > before + 20, 20_000);
      await load.finish();
      await load.settled();
    },
  );

  test('it has no connection left for us', { timeout: TEST_MS }, async () => {
    await using house = await startOn({ config: { databaseConnections: 4 } });
    const load = startLoad(house, 20);
    await until('sends', async () => load.count(200) > 20);
    const others: pg.Client[] = [];
    const taking = setInterval(() => void takeOne(others, postgres.url), 2);
    try {
      await house.ctx.db.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kurir' and pid <> pg_backend_pid()",
      );
      await until(
        'it to be noticed',
        async () => {
          for (const client of others.slice(0, 1)) {
            await client
              .query(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kurir'",
              )
              .catch(() => undefined);
          }
          return load.since().some((reply) => reply.status === 503);
        },
        20_000,
      );
    } finally {
      clearInterval(taking);
      await Promise.all(others.map((client) => client.end().catch(() => undefined)));
    }
    const before = load.count(200);
    await until('sends again', async () => load.count(200) > before + 20, 20_000);
    await load.finish();
    await load.settled();
  });
});

async function takeOne(others: pg.Client[], url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect().then(
    () => others.push(client),
    () => undefined,
  );
}
