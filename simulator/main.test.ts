// The simulator as a process of its own: what it prints, its settings, and that a kill loses nothing that was answered.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { devSeed } from './dev-seed.ts';
import { settingsFromEnv } from './settings-from-env.ts';
import { control, errorOf, send, sendText, wamidOf } from './testing/client.ts';
import { startReceiver } from './testing/receiver.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const token = devSeed.tokens[0] ?? '';

const children: ChildProcess[] = [];
const dirs: string[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

interface Started {
  url: string;
  child: ChildProcess;
  printed: string;
}

async function start(...flags: string[]): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  });
  children.push(child);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  while (!printed.includes('/send ')) await once(child.stdout, 'data');
  return { url: /listens on (\S+)/.exec(printed)?.[1] ?? '', child, printed };
}

test('prints where it listens, the credentials and what to try', async () => {
  const { printed, url, child } = await start('--fast');
  expect(printed).toContain(token);
  expect(printed).toContain(devSeed.appSecret);
  expect(printed.match(/^ +curl /gm)).toHaveLength(3);
  expect((await control({ url }, 'GET /ready')).json).toMatchObject({ status: 'ready' });
  expect((await control({ url }, 'GET /templates')).json['data']).toHaveLength(devSeed.templates.length);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('killed in the middle, it goes on from its ledger: every answered send is there, every status is told', async () => {
  await using receiver = await startReceiver(devSeed.verifyToken);
  const ledger = mkdtempSync(join(tmpdir(), 'simulator-'));
  dirs.push(ledger);
  const flags = ['--ledger', ledger, '--callback', receiver.url];
  const first = await start(...flags);
  await receiver.until(2);
  const wamids = await Promise.all(
    Array.from({ length: 40 }, () => send(first, { text: { body: 'Halo' } }, { token }).then(wamidOf)),
  );
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  const second = await start(...flags);
  const read = {
    match: { to: '628111111111', direction: 'outbound', status: 'read' },
    count: 40,
    timeout_ms: 20_000,
  };
  const { json } = await control(second, 'POST /messages/wait', read);
  expect(json['data']).toHaveLength(40);
  expect((await control(second, 'POST /webhooks/settle')).json).toMatchObject({ pending: 0 });
  for (const wamid of wamids) {
    const told = receiver
      .statuses()
      .filter((one) => one['id'] === wamid)
      .map((one) => one['status']);
    expect(new Set(told)).toEqual(new Set(['sent', 'delivered', 'read']));
  }
  expect(receiver.messages()).toHaveLength(2);
});

test('the second on a port says so and ends', async () => {
  const { url } = await start();
  const child = spawn(process.execPath, [MAIN, '--port', new URL(url).port], { env: {} });
  children.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said).toMatch(/^The simulator does not start: .*EADDRINUSE/);
});

test('flags go before the environment, and both before the seed', () => {
  expect(settingsFromEnv([], {})).toMatchObject({
    port: 4001,
    appSecret: devSeed.appSecret,
    tokens: devSeed.tokens,
  });
  const env = {
    KURIR_SIMULATOR_PORT: '5001',
    KURIR_SIMULATOR_TOKEN: 'EAAenv',
    KURIR_SIMULATOR_LEDGER: '/tmp/x',
  };
  expect(settingsFromEnv(['--port', '6001'], env)).toMatchObject({
    port: 6001,
    tokens: ['EAAenv'],
    ledgerDir: '/tmp/x',
  });
  expect(settingsFromEnv(['--help'], {})).toBeNull();
  expect(() => settingsFromEnv(['--port', 'http'], {})).toThrow('--port must be a whole number');
});

test('the seeded world does what development needs', async () => {
  const started = await start('--fast');
  const open = wamidOf(await send(started, { to: '+628111111111', text: { body: 'Halo' } }, { token }));
  const closed = wamidOf(await send(started, { to: '+628222222222', text: { body: 'Halo' } }, { token }));
  const parameters = ['John', 'ORD-12345'].map((text) => ({ type: 'text', text }));
  const template = {
    name: 'order_confirmation',
    language: { code: 'id_ID' },
    components: [{ type: 'body', parameters }],
  };
  const ordered = wamidOf(
    await send(started, { to: '+628222222222', type: 'template', template }, { token }),
  );
  for (const [id, status] of [
    [open, 'read'],
    [closed, 'failed'],
    [ordered, 'delivered'],
  ]) {
    const { json } = await control(started, 'POST /messages/wait', { match: { id, status } });
    expect(json).toMatchObject({ data: [{ id, status }] });
  }
  expect(errorOf(await sendText(started))).toMatchObject({ code: 190 });
});
