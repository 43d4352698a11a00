// What is published works where it is installed: packed as npm packs it, laid below node_modules, where Node strips no types,
// beside nothing but its own dependencies.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isObject } from '../src/kernel/json.ts';

const ROOT = dirname(import.meta.dirname);
const run = promisify(execFile);

let place: string;
let kurir: string;
beforeAll(async () => {
  place = fs.mkdtempSync(join(tmpdir(), 'kurir-package-'));
  fs.chmodSync(place, 0o755);
  kurir = join(place, 'node_modules/kurir');
  fs.mkdirSync(kurir, { recursive: true });
  // As `npm pack` does by itself, unless scripts are off.
  await run('node', ['bin/run.mjs', 'bin/build.ts'], { cwd: ROOT });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', place], {
    cwd: ROOT,
  });
  const name = fs.readdirSync(place).find((file) => file.endsWith('.tgz'));
  if (name === undefined) throw new Error(`npm pack made nothing: ${stdout}`);
  await run('tar', ['-xzf', join(place, name), '-C', kurir, '--strip-components=1']);
  for (const dependency of dependencies()) {
    const target = join(ROOT, 'node_modules', dependency);
    // Those of other platforms are not there.
    if (!fs.existsSync(target)) continue;
    fs.mkdirSync(dirname(join(place, 'node_modules', dependency)), { recursive: true });
    fs.symlinkSync(target, join(place, 'node_modules', dependency));
  }
}, 120_000);
afterAll(() => fs.rmSync(place, { recursive: true, force: true }));

test('holds the programs, the migrations and no sources', () => {
  const files = fs.readdirSync(kurir, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining([
      'bin/kurir.mjs',
      'dist/src/main.js',
      'dist/simulator/main.js',
      'migrations/0001-init.sql',
      'LICENSE',
    ]),
  );
});

test('runs: version, migrations on a PostgreSQL of its own, and all of development mode', async () => {
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    KURIR_DATA_DIR: join(place, 'data'),
    PORT: '0',
    KURIR_SIMULATOR_PORT: '0',
  };
  const program = join(kurir, 'bin/kurir.mjs');
  expect((await run('node', [program, '--version'], { env })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await run('node', [program, 'migrate', '--json'], { env })).stdout).toContain('0001-init.sql');
  const child = spawn('node', [program, 'dev', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const dev = await ready(child.stdout);
  expect((await fetch(`${String(dev['url'])}/health/ready`)).status).toBe(200);
  process.kill(Number(fs.readFileSync(join(place, 'data/simulator.pid'), 'utf8')));
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
}, 60_000);

function dependencies(): string[] {
  const about: unknown = JSON.parse(fs.readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = isObject(about) ? [about['dependencies'], about['optionalDependencies']] : [];
  return named.filter(isObject).flatMap((part) => Object.keys(part));
}

// The log goes to stdout too, a line each.
async function ready(output: NodeJS.ReadableStream): Promise<Record<string, unknown>> {
  let said = '';
  for await (const text of output) {
    said += String(text);
    for (const line of said.split('\n').slice(0, -1)) {
      const value: unknown = JSON.parse(line);
      if (isObject(value) && 'api_key' in value) return value;
    }
  }
  throw new Error(`It ended: ${said}`);
}
