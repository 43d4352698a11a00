// Commands on tables and `doctor`, as typed, on a database of their own and against a simulator.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';

import { devSeed } from '../../simulator/dev-seed.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { openDatabase, type Database } from '../storage/db.ts';
import { complaintOf } from './complain.ts';
import { runProgram } from './program.ts';

const SECRET = 'a secret of the tests that is long enough';
const [TOKEN = ''] = devSeed.tokens;
const NUMBER = devSeed.numbers[0]?.phoneNumberId ?? '';
const name = `cli_${randomBytes(6).toString('hex')}`;
const folder = mkdtempSync(join(tmpdir(), 'kurir-cli-'));

let admin: Database;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
beforeAll(async () => {
  admin = openDatabase({ url: inject('databaseUrl'), connections: 1, onIdleError: () => undefined });
  await admin.query(`create database ${name}`);
  simulator = await startSimulator(devSeed);
});
afterAll(async () => {
  await admin.query(`drop database ${name} with (force)`);
  await admin.close();
  await simulator.close();
  rmSync(folder, { recursive: true });
});

let out: string;
let errors: string;
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  const url = new URL(inject('databaseUrl'));
  url.pathname = name;
  vi.stubEnv('DATABASE_URL', url.href);
  vi.stubEnv('KURIR_SECRET', SECRET);
  vi.stubEnv('KURIR_GRAPH_URL', simulator.url);
  vi.stubEnv('KURIR_DATA_DIR', folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

// One story: each test stands on what the ones before it did.
describe('an installation is set up', () => {
  test('with a migrated database', async () => {
    expect(await kurir('migrate')).toMatchObject({ code: 0, value: { applied: ['0001-init.sql'] } });
    expect(await kurir('migrate')).toMatchObject({ code: 0, value: { applied: [] } });
  });

  test('with an app, whose secret is read from a file and never shown', async () => {
    const file = secretFile(devSeed.appSecret);
    const added = await kurir(
      'apps',
      'add',
      '--name',
      'Shop',
      '--app-secret-file',
      file,
      '--verify-token',
      devSeed.verifyToken,
    );
    expect(added).toMatchObject({
      code: 0,
      value: { is_default: true, callback_url: 'http://127.0.0.1:4000/webhooks/meta' },
    });
    expect(await kurir('apps', 'list')).toMatchObject({ code: 0, value: { data: [{ name: 'Shop' }] } });
    expect(out).not.toContain(devSeed.appSecret);
  });

  test('with a number, once Meta has seen its token', async () => {
    const add = ['numbers', 'add', '--phone-number-id', NUMBER, '--waba-id', devSeed.wabaId];
    expect(await kurir(...add, '--token', 'EAAwrong')).toMatchObject({
      code: 2,
      error: { code: 'invalid_field_value', param: 'token' },
    });
    const elsewhere = [
      'numbers',
      'add',
      '--phone-number-id',
      NUMBER,
      '--waba-id',
      '999999999',
      '--token',
      TOKEN,
    ];
    expect(await kurir(...elsewhere)).toMatchObject({ code: 2, error: { param: 'token' } });
    const added = await kurir(...add, '--token-file', secretFile(TOKEN));
    expect(added).toMatchObject({
      code: 0,
      value: { phone_number_id: NUMBER, status: 'connected', pace: 80 },
    });
    expect(await kurir(...add, '--token', TOKEN)).toMatchObject({
      code: 2,
      error: { param: 'phone_number_id' },
    });
    expect(out + errors).not.toContain(TOKEN);
  });

  test('with its pace and policy', async () => {
    const policy = ['--on-unknown', 'resend', '--window-check', 'on'];
    const set = await kurir('numbers', 'set', NUMBER, '--pace', 'off', ...policy);
    const value = { pace: null, on_unknown: 'resend', window_check: true };
    expect(set).toMatchObject({ code: 0, value });
    expect(await kurir('numbers', 'set', '1234567890', '--pace', '5')).toMatchObject({
      code: 4,
      error: { code: 'resource_not_found' },
    });
    expect(await kurir('numbers', 'list')).toMatchObject({
      value: { data: [{ phone_number_id: NUMBER, pace: null }] },
    });
  });

  test('with keys, each shown once', async () => {
    const created = await kurir('keys', 'create', '--label', 'shop', '--expires', '2099-01-31');
    expect(created).toMatchObject({ code: 0, value: { key: expect.stringMatching(/^kur_live_/) } });
    const { id, key } = created.value;
    expect(await kurir('keys', 'revoke', String(id))).toMatchObject({ code: 0, value: { id } });
    const listed = await kurir('keys', 'list');
    expect(listed.value).toMatchObject({
      data: [{ id, label: 'shop', expires_at: '2099-01-31T00:00:00.000Z', revoked_at: expect.any(String) }],
    });
    expect(out).not.toContain(key);
  });

  test('and a person is erased only when that is confirmed', async () => {
    const refused = await kurir('contacts', 'erase', '+628111222333');
    expect(refused).toMatchObject({ code: 2, error: { code: 'not_confirmed' } });
    const erased = await kurir('contacts', 'erase', '+628111222333', '--yes');
    expect(erased).toMatchObject({ code: 0, value: { messages: 0, contacts: 0 } });
  });
});

describe('doctor', () => {
  test('finds nothing wrong, but for what production still needs', async () => {
    const { code, value } = await kurir('doctor');
    expect(code).toBe(0);
    expect(value).toMatchObject({ ok: true });
    expect(statesOf(value)).toEqual({
      settings: 'ok',
      'public address': 'warning',
      gateway: 'warning',
      database: 'ok',
      pooler: 'ok',
      durability: 'ok',
      schema: 'ok',
      clock: 'ok',
      secret: 'ok',
      Meta: 'ok',
      [NUMBER]: 'warning', // Meta has no callback URL for it so far.
    });
  });

  test('finds a token that does not open, a Graph that is not there, a database that loses commits', async () => {
    vi.stubEnv('KURIR_SECRET', 'another secret than the one before');
    vi.stubEnv('KURIR_GRAPH_URL', 'http://127.0.0.1:9');
    await admin.query(`alter database ${name} set synchronous_commit = off`);
    const { code, value } = await kurir('doctor');
    await admin.query(`alter database ${name} reset synchronous_commit`);
    expect(code).toBe(8);
    expect(statesOf(value)).toMatchObject({ durability: 'failed', Meta: 'failed', [NUMBER]: 'failed' });
  });

  test('judges no token while Meta does not answer, and says where it looked and why there', async () => {
    vi.stubEnv('KURIR_GRAPH_URL', 'http://127.0.0.1:9');
    const { value } = await kurir('doctor');
    expect(statesOf(value)).toMatchObject({ Meta: 'failed', [NUMBER]: 'warning' });
    expect(saysOf(value, NUMBER)).toEqual(['not asked: Meta does not answer']);
    expect(saysOf(value, 'Meta')).toEqual(['does not answer (http://127.0.0.1:9, from KURIR_GRAPH_URL)']);
    expect(saysOf(value, 'database')[0]).toContain(`database ${name}, from DATABASE_URL`);
  });

  test('names an expired token once, with what helps', async () => {
    const fault = simulator.control.putFault({ effect: { kind: 'token_expired' }, match: { edge: '*' } });
    const { value } = await kurir('doctor');
    simulator.control.deleteFault(fault.id);
    expect(saysOf(value, NUMBER)).toEqual([expect.stringMatching(/does not take its token: .*190/)]);
  });

  test('says when the webhooks of a number go elsewhere', async () => {
    const receiver = await startReceiver();
    vi.stubEnv('KURIR_PUBLIC_URL', 'https://kurir.example.com');
    const configured = await fetch(`${simulator.url}/v25.0/${NUMBER}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        webhook_configuration: { override_callback_uri: receiver.url, verify_token: 'x' },
      }),
    });
    expect(configured.status).toBe(200);
    const { code, value } = await kurir('doctor');
    expect(code).toBe(8);
    expect(saysOf(value, NUMBER)).toContain(
      `its webhooks go to ${receiver.url} (phone_number), not to https://kurir.example.com/webhooks/meta`,
    );
    vi.stubEnv('KURIR_PUBLIC_URL', receiver.url.replace('/webhooks/meta', ''));
    const right = await kurir('doctor');
    expect(saysOf(right.value, NUMBER)).toContain(`its webhooks come to ${receiver.url}`);
    await receiver.close();
  });

  test('tells a password from a database that is not there, and a folder from both', async () => {
    const url = new URL(inject('databaseUrl'));
    url.pathname = 'no_such_database_here';
    vi.stubEnv('DATABASE_URL', url.href);
    expect(saysOf((await kurir('doctor')).value, 'database')[0]).toMatch(/"no_such_database_here".*createdb/);
    vi.stubEnv('DATABASE_URL', 'postgres://kurir@127.0.0.1:9/kurir');
    expect(saysOf((await kurir('doctor')).value, 'database')[0]).toMatch(/Nobody listens.*127\.0\.0\.1:9/);
    const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' });
    expect(complaintOf(new Error('no connection', { cause: refused })).code).toBe('database_denied');
    vi.stubEnv('DATABASE_URL', '');
    vi.stubEnv('KURIR_DATA_DIR', join(secretFile('a file, no folder'), 'data'));
    const { code, value } = await kurir('doctor');
    expect(code).toBe(8);
    expect(statesOf(value)).toMatchObject({ 'data directory': 'failed' });
    expect(saysOf(value, 'data directory')[0]).toContain('ENOTDIR');
  });

  test('says which settings are wrong, or that the database is not there', async () => {
    vi.stubEnv('PORT', 'x');
    expect(statesOf((await kurir('doctor')).value)).toEqual({ settings: 'failed' });
    vi.stubEnv('PORT', '4000');
    vi.stubEnv('DATABASE_URL', 'postgres://kurir@127.0.0.1:9/kurir');
    const { code, value } = await kurir('doctor');
    expect(code).toBe(8);
    expect(statesOf(value)).toMatchObject({ settings: 'ok', database: 'failed' });
  });
});

test('under another secret no gateway starts, doctor says why, and no number is called connected', async () => {
  vi.stubEnv('KURIR_SECRET', 'another secret than the one before');
  const says = expect.stringContaining('KURIR_SECRET is not the one that the secrets in this database');
  expect(await kurir('start')).toMatchObject({ code: 2, error: { code: 'wrong_secret', message: says } });
  // One that was generated, before one was given.
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`, { mode: 0o600 });
  const where = expect.stringContaining(`The right one stands in ${join(folder, 'secret')}`);
  expect(await kurir('start')).toMatchObject({ code: 2, error: { message: where } });
  const { value } = await kurir('doctor');
  expect(value).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([expect.objectContaining({ name: 'secret', says })]),
  });
  expect(out).not.toContain('Meta does not take its token');
  expect(await kurir('numbers', 'list')).toMatchObject({ value: { data: [{ status: 'disconnected' }] } });
  vi.stubEnv('KURIR_SECRET_OLD', SECRET);
  expect(await kurir('numbers', 'list')).toMatchObject({ value: { data: [{ status: 'connected' }] } });
});

test('nodes are shown with what they drive, and with what to do about a silent one', async () => {
  const noNode = await kurir('nodes');
  expect(noNode).toMatchObject({ code: 0, value: { data: [], without_node: { numbers: 1 } } });
  const own = openDatabase({
    url: process.env['DATABASE_URL'] ?? '',
    connections: 1,
    onIdleError: () => undefined,
  });
  await own.query(
    `insert into nodes (id, host, pid, version, started_at, seen_at, stopped_at) values
       ('node_1', 'web-1', 101, '1.0.0', now() - interval '3 days', now(), null),
       ('node_2', 'web-2', 102, '1.0.0', now() - interval '2 days', now() - interval '5 minutes', null),
       ('node_3', 'web-3', 103, '1.0.0', now() - interval '1 day', now() - interval '1 second', now())`,
  );
  await own.query("update lanes set owner = 'node_1', queued = '{5,0,2,0}'");
  expect(await kurir('nodes', '--numbers')).toMatchObject({
    code: 0,
    value: {
      data: [
        { id: 'node_1', state: 'living', host: 'web-1', pid: 101, numbers: 1, queued: 7 },
        { id: 'node_2', state: 'silent', numbers: 0, queued: 0 },
        { id: 'node_3', state: 'stopped', stopped_at: expect.any(String) },
      ],
      without_node: { numbers: 0, queued: 0 },
      lanes: [{ phone_number_id: NUMBER, owner: 'node_1', queued: 7 }],
    },
  });
  [out, errors] = ['', ''];
  expect(await runProgram(['nodes'])).toBe(0);
  expect(out).toMatch(/node_1 +living +\d s ago +1 +7 +web-1:101/);
  expect(out).toMatch(/node_2 has been silent for 5 min\. Other nodes drive its numbers\.\n.*log on web-2/);
  expect(out).not.toContain('\u001b');
  await own.query('delete from nodes');
  await own.query('update lanes set owner = null, queued = default');
  await own.close();
});

test('where there is no data, commands that would only read say so and make none', async () => {
  const unused = join(folder, 'unused');
  vi.stubEnv('DATABASE_URL', '');
  vi.stubEnv('KURIR_DATA_DIR', unused);
  const says = expect.stringMatching(/^There is no data in .*unused yet\. Start .*kurir dev/);
  for (const words of [['nodes'], ['numbers', 'list'], ['keys', 'list'], ['apps', 'list']])
    expect(await kurir(...words)).toMatchObject({ code: 69, error: { code: 'no_data', message: says } });
  const { value } = await kurir('doctor');
  expect(statesOf(value)).toMatchObject({ 'data directory': 'warning' });
  expect(existsSync(unused)).toBe(false);
});

test('no command goes on without the secret of its database', async () => {
  vi.stubEnv('KURIR_SECRET', '');
  for (const words of [['start'], ['keys', 'list'], ['migrate']]) {
    expect(await kurir(...words)).toMatchObject({
      code: 2,
      error: { message: expect.stringContaining('KURIR_SECRET is not set, but DATABASE_URL is') },
    });
  }
});

test('without --json people are told the same in words', async () => {
  [out, errors] = ['', ''];
  expect(await runProgram(['numbers', 'list'])).toBe(0);
  expect(out).toContain('PHONE NUMBER ID');
  expect(await runProgram(['doctor'])).toBe(0);
  expect(out).toMatch(/✓ database +PostgreSQL/);
  expect(await runProgram(['keys', 'revoke', 'key_0'])).toBe(4);
  expect(errors).toMatch(/^✗ resource_not_found/);
});

test('a second organisation is made, whose keys and numbers are named by it', async () => {
  const made = await kurir('organisations', 'create', '--name', 'Toko Sebelah');
  expect(made).toMatchObject({
    code: 0,
    value: { name: 'Toko Sebelah', id: expect.stringMatching(/^org_/) },
  });
  const listed = await kurir('organisations', 'list');
  expect(listed.value).toMatchObject({ data: [{}, { id: made.value['id'] }] });
  expect(await kurir('keys', 'list')).toMatchObject({ code: 2, error: { param: 'organisation' } });
  const theirs = ['--organisation', String(made.value['id'])];
  expect(await kurir('keys', 'create', '--label', 'sebelah', ...theirs)).toMatchObject({ code: 0 });
  expect((await kurir('keys', 'list', ...theirs)).value).toMatchObject({ data: [{ label: 'sebelah' }] });
});

interface Ended {
  code: number;
  value: Record<string, unknown>;
  error: unknown;
}

async function kurir(...words: string[]): Promise<Ended> {
  [out, errors] = ['', ''];
  const code = await runProgram([...words, '--json']);
  return {
    code,
    value: out === '' ? {} : JSON.parse(out),
    error: errors === '' ? undefined : JSON.parse(errors).error,
  };
}

function secretFile(secret: string): string {
  const file = join(folder, randomBytes(4).toString('hex'));
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

function saysOf(value: unknown, about: string): string[] {
  const { findings } = value as { findings: { name: string; says: string }[] };
  return findings.filter((one) => one.name === about).map((one) => one.says);
}

/** Answers Meta's challenge, whatever the token. */
async function startReceiver(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    response.end(new URL(request.url ?? '', 'http://x').searchParams.get('hub.challenge'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/webhooks/meta`,
    close: () => server[Symbol.asyncDispose](),
  };
}

/** The worst that was found under each name. */
function statesOf(value: unknown): Record<string, string> {
  const { findings } = value as { findings: { name: string; state: string }[] };
  const worst = ['failed', 'warning', 'ok'];
  const states: Record<string, string> = {};
  for (const one of findings) {
    const before = states[one.name] ?? 'ok';
    states[one.name] = worst.indexOf(one.state) < worst.indexOf(before) ? one.state : before;
  }
  return states;
}
