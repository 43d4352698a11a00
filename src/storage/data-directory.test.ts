import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  DirectoryHeld,
  openDataDirectory,
  readDevelopmentFile,
  readGeneratedSecret,
  readRuntime,
} from './data-directory.ts';

const RUNTIME = {
  url: 'http://127.0.0.1:4000',
  publicUrl: 'https://kurir.example.com',
  databaseUrl: 'postgres://x',
  postgresPid: 7,
  graphUrl: 'http://127.0.0.1:4001',
  generatedSecret: true,
};
const AT_ONCE = { waitMs: 0, gatewayWaitMs: 0 };

let path: string;
beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'kurir-directory-'))));
afterEach(() => rmSync(path, { recursive: true }));

test('keeps the node id and the secret, which others cannot read', async () => {
  const first = await openDataDirectory(path);
  const [nodeId, secret] = [first.nodeId, first.secret()];
  first.release();
  using second = await openDataDirectory(path);
  expect([second.nodeId, second.secret()]).toEqual([nodeId, secret]);
  expect(readGeneratedSecret(path)).toBe(secret);
  expect(secret.length).toBeGreaterThanOrEqual(43);
  for (const name of ['node-id', 'secret']) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
});

test('is held by one, who says where it runs; the refusal names that', async () => {
  using directory = await openDataDirectory(path);
  await expect(openDataDirectory(path, AT_ONCE)).rejects.toThrow('Another Kurir is working on');
  directory.writeRuntime(RUNTIME);
  const refusal = await openDataDirectory(path, AT_ONCE).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(DirectoryHeld);
  expect(String(refusal)).toContain(`process ${process.pid}, http://127.0.0.1:4000`);
  expect(readRuntime(path)).toEqual({ nodeId: directory.nodeId, pid: process.pid, ...RUNTIME });
  expect(statSync(join(path, 'runtime.json')).mode & 0o777).toBe(0o600);
});

test('says no more where it ran once it is released', async () => {
  const directory = await openDataDirectory(path);
  directory.writeRuntime(RUNTIME);
  directory.release();
  directory.release();
  expect(readRuntime(path)).toBeUndefined();
});

test('whose gateway is stopping is waited for, not refused', async () => {
  const first = await openDataDirectory(path);
  first.writeRuntime(RUNTIME);
  first.forgetRuntime();
  setTimeout(() => first.release(), 100);
  using second = await openDataDirectory(path, { gatewayWaitMs: 0 });
  expect(second.nodeId).toBe(first.nodeId);
});

test('waits for one who holds it only for a moment', async () => {
  const first = await openDataDirectory(path);
  setTimeout(() => first.release(), 100);
  using second = await openDataDirectory(path);
  expect(second.nodeId).toBe(first.nodeId);
});

test('keeps what development mode made', async () => {
  const file = {
    url: 'u',
    simulatorUrl: 's',
    apiKey: 'k',
    phoneNumberId: '1',
    wabaId: '2',
    appSecret: 'a',
    verifyToken: 'v',
    graphToken: 'g',
  };
  expect(readDevelopmentFile(path)).toEqual({});
  using directory = await openDataDirectory(path);
  directory.writeDevelopmentFile(file);
  expect(readDevelopmentFile(path)).toEqual(file);
  expect(statSync(join(path, 'dev.json')).mode & 0o777).toBe(0o600);
});

test('says what to do where no folder can be made', async () => {
  writeFileSync(join(path, 'file'), '');
  await expect(openDataDirectory(join(path, 'file/data'))).rejects.toThrow(
    'Give KURIR_DATA_DIR a folder that you may write to',
  );
});

test('of many processes one holds it, and when that is killed another may', async () => {
  const holders = Array.from({ length: 4 }, () => holdInProcess());
  const said = await Promise.all(holders.map(({ word }) => word));
  expect(said.toSorted()).toEqual(['held', 'refused', 'refused', 'refused']);
  await expect(openDataDirectory(path, AT_ONCE)).rejects.toThrow(DirectoryHeld);
  for (const { child } of holders) child.kill('SIGKILL');
  (await openDataDirectory(path, { waitMs: 1_000, gatewayWaitMs: 1_000 })).release();
});

// A process that says whether it got the directory, and keeps it until it is killed.
function holdInProcess() {
  const program = `
    import { openDataDirectory } from ${JSON.stringify(join(import.meta.dirname, 'data-directory.ts'))};
    const directory = await openDataDirectory(${JSON.stringify(path)}, { waitMs: 0, gatewayWaitMs: 0 }).catch(() => undefined);
    console.log(directory ? 'held' : 'refused');
    setInterval(() => directory, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, word: once(child.stdout, 'data').then(([data]) => String(data).trim()) };
}

test.runIf(process.platform === 'linux')(
  'is refused where no folder can be made, also in a place that only seems to take one',
  async () => {
    for (const place of ['/proc/kurir', '/proc/kurir/data'])
      await expect(openDataDirectory(place, AT_ONCE)).rejects.toThrow(`${place} cannot be made (ENOENT)`);
    writeFileSync(join(path, 'file'), '');
    await expect(openDataDirectory(join(path, 'file/data'), AT_ONCE)).rejects.toThrow(
      'cannot be made (ENOTDIR)',
    );
  },
);
