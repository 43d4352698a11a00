// The database answers, and takes nothing: read-only, full, or unwilling for one statement. What PostgreSQL itself said no to was not
// committed and is refused as such; where its answer was lost the message is either found or forbidden, never in doubt.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { createLog } from '../../src/kernel/log.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded.ts';
import { keptLog, startLoad } from '../support/database-load.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHouse, until, type House } from '../support/house.ts';
import { startScratchPostgres, type ScratchPostgres } from '../support/scratch-postgres.ts';
import { postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';

const TEST_MS = 120_000;
const TO = '12025570001';

let postgres: ScratchPostgres;
beforeAll(async () => void (postgres = await startScratchPostgres()));
afterAll(() => postgres[Symbol.asyncDispose]());

const OPEN = {
  windowEnforced: false,
  // Meta repeats what was answered 503.
  webhookRetryMs: Array.from({ length: 400 }, () => 300),
};

function sentTo(house: House): (string | undefined)[] {
  return house.simulator.control
    .messages({ to: TO, direction: 'outbound' })
    .map((one) => one.text ?? undefined);
}

/** A session that may write whatever the server's default is. */
async function operator(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c default_transaction_read_only=off' });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

async function configure(client: pg.Client, ...statements: string[]): Promise<void> {
  for (const statement of [...statements, 'select pg_reload_conf()']) await client.query(statement);
}

describe('read-only', () => {
  test(
    'sends and webhooks are refused, what is stored can be read, and it ends by itself',
    { timeout: TEST_MS },
    async () => {
      const { log, lines } = keptLog();
      await using house = await startHouse({ databaseUrl: postgres.url, log, simulator: OPEN });
      const admin = await operator(postgres.url);
      const load = startLoad(house, 40);
      await until('sends', async () => load.count(200) > 40);
      await configure(admin, 'alter system set default_transaction_read_only = on');
      try {
        await until('refusals', async () => load.count(503) > 20);
        const refused = await house.sendText(TO, 'read-only');
        expectKirimError(refused, 'service_unavailable');
        expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        expectStatus(await postWebhook(house, statusEnvelope([{ id: 'wamid.any', status: 'sent' }])), 503);
        expectStatus(await house.request('GET', '/v1/messages'), 200);
        const health = await house.request('GET', '/health/ready');
        expectStatus(health, 503);
        expect(health.text).toContain('read-only');
        expectStatus(await house.request('GET', '/health'), 200);
      } finally {
        await configure(admin, 'alter system reset default_transaction_read_only');
      }
      const before = load.count(200);
      await until('sends again', async () => load.count(200) > before + 40, 20_000);
      await until('readiness', async () => (await house.request('GET', '/health/ready')).status === 200);
      await load.finish();
      await load.settled();
      const told = lines.filter((line) => line.msg.startsWith('the database takes nothing'));
      expect(told.length).toBeLessThan(4);
      expect(sentTo(house)).toEqual([]);
    },
  );

  test(
    'on old connections alone, as after a failover: they are given up for new ones',
    { timeout: TEST_MS },
    async () => {
      await using house = await startHouse({ databaseUrl: postgres.url, simulator: OPEN });
      const admin = await operator(postgres.url);
      expectStatus(await house.sendText(TO, 'before'), 200);
      // A setting of the database goes before the server's, for sessions that begin after it: only they may write.
      await configure(
        admin,
        'alter database postgres set default_transaction_read_only = off',
        'alter system set default_transaction_read_only = on',
      );
      try {
        await until(
          'a send that is taken',
          async () => (await house.sendText(TO, 'after')).status === 200,
          20_000,
        );
      } finally {
        await configure(
          admin,
          'alter system reset default_transaction_read_only',
          'alter database postgres reset default_transaction_read_only',
        );
      }
      await until('both at Meta', async () => sentTo(house).length === 2);
    },
  );
});

describe('one statement', () => {
  /** Sends while the accept cannot get on; `act` ends that statement of it. */
  async function whileHeld(
    house: House,
    act: (admin: pg.Client, pid: number) => Promise<unknown>,
  ): Promise<Awaited<ReturnType<House['sendText']>>> {
    const admin = await operator(postgres.url);
    const locker = await operator(postgres.url);
    await locker.query(`begin; lock table ${house.schema}.messages in exclusive mode`);
    const sending = house.sendText(TO, 'held', { 'idempotency-key': 'held' });
    const pid = await until('the accept to wait', async () => {
      const { rows } = await admin.query<{ pid: number }>(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'kurir'",
      );
      return rows[0]?.pid;
    });
    await act(admin, pid);
    const refused = await sending;
    await locker.query('rollback');
    return refused;
  }

  async function voided(house: House): Promise<number> {
    return (await house.ctx.db.query('select 1 from void_messages')).length;
  }

  test(
    'that was cancelled was not committed: refused, and nothing needs to be forbidden',
    { timeout: TEST_MS },
    async () => {
      await using house = await startHouse({ databaseUrl: postgres.url, simulator: OPEN });
      const refused = await whileHeld(house, (admin, pid) =>
        admin.query('select pg_cancel_backend($1)', [pid]),
      );
      expectKirimError(refused, 'service_unavailable');
      expect(refused.body.error.message).toContain('nothing was sent');
      expect(await voided(house)).toBe(0);
      expectStatus(await house.sendText(TO, 'held', { 'idempotency-key': 'held' }), 200);
      await until('it at Meta', async () => sentTo(house).length === 1);
    },
  );

  test(
    'whose answer was lost is forbidden before anybody is told that it was not accepted',
    { timeout: TEST_MS },
    async () => {
      await using house = await startHouse({ databaseUrl: postgres.url, simulator: OPEN });
      const refused = await whileHeld(house, (admin, pid) =>
        admin.query('select pg_terminate_backend($1)', [pid]),
      );
      expectKirimError(refused, 'service_unavailable');
      expect(refused.body.error.message).toContain('not accepted');
      expect(await voided(house)).toBe(1);
      expectStatus(await house.sendText(TO, 'held', { 'idempotency-key': 'held' }), 200);
      await until('it at Meta', async () => sentTo(house).length === 1);
      expect(sentTo(house)).toEqual(['held']);
    },
  );
});

const SMALL_DISK_MB = 400;
const ROOM_BYTES = 12 * 1024 * 1024;

/** A disk of its own that can be filled; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MB}m,mode=755`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

test(
  'its disk is full: refused, nothing accepted is lost, and it goes on when there is room',
  { timeout: TEST_MS },
  async (context) => {
    const folder = smallDisk();
    if (folder === undefined) return context.skip('a small file system can only be mounted by root');
    chmodSync(folder, 0o755);
    await using own = await startEmbeddedPostgres({ dataDir: folder, log: createLog('silent') });
    await using house = await startHouse({ databaseUrl: own.url, simulator: OPEN });
    const load = startLoad(house, 40);
    await until('sends', async () => load.count(200) > 40);
    const { bavail, bsize } = statfsSync(folder);
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - ROOM_BYTES), 1));
    // Long ones, until it is.
    const taken: string[] = [];
    await until(
      'refusals',
      async () => {
        const many = Array.from({ length: 40 }, (_, i) =>
          house.sendText(`1202557${1000 + i}`, 'x'.repeat(4_000), { prefer: 'respond-async' }),
        );
        const replies = await Promise.all(many);
        taken.push(...replies.filter((reply) => reply.status === 200).map((reply) => reply.body.data.id));
        return replies.some((reply) => reply.status === 503);
      },
      60_000,
    );
    const refused = await until('a refusal', async () => {
      const reply = await house.sendText(TO, 'y'.repeat(4_000), { prefer: 'respond-async' });
      return reply.status !== 200 && reply;
    });
    expectKirimError(refused, 'service_unavailable');
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    await until(
      'readiness to be gone',
      async () => (await house.request('GET', '/health/ready')).status === 503,
    );
    expectStatus(await house.request('GET', '/health'), 200);
    rmSync(ballast);
    const before = load.count(200);
    await until('sends again', async () => load.count(200) > before + 40, 60_000);
    await until(
      'readiness',
      async () => (await house.request('GET', '/health/ready')).status === 200,
      30_000,
    );
    await load.finish();
    await load.settled();
    expect(await house.ctx.db.query('select id from messages where id = any($1)', [taken])).toHaveLength(
      taken.length,
    );
  },
);
