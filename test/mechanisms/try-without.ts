// Runs one test alone on a copy of the sources that lacks one mechanism, and says how it took that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { isObject } from '../../src/kernel/json.ts';
import { without, type Mechanism, type Test } from './mechanism.ts';

export type Verdict =
  /** An expectation of the test was not met. */
  | { kind: 'noticed'; how: string }
  | { kind: 'unnoticed' }
  /** It ended otherwise than by an expectation: that shows nothing. */
  | { kind: 'broken'; how: string };

const ROOT = join(import.meta.dirname, '../..');
const NEEDED = ['src', 'simulator', 'test', 'migrations', 'bin', 'package.json', 'vitest.config.ts'];
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const WITHIN_MS = 180_000;

/** A copy of the tree in which mechanisms are taken away, one after the other. */
export interface Copy extends Disposable {
  tryWithout(mechanism: Mechanism, test: Test): Promise<Verdict>;
}

export function copyTree(): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-mechanisms-'));
  // Run by root, PostgreSQL has a user of its own that must get in.
  chmodSync(folder, 0o755);
  for (const name of NEEDED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    async tryWithout(mechanism, test) {
      const edited = join(folder, mechanism.file);
      const source = readFileSync(edited, 'utf8');
      writeFileSync(edited, without(source, mechanism));
      try {
        return verdictOf(await run(folder, test));
      } finally {
        writeFileSync(edited, source);
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function run(folder: string, { file, name }: Test): Promise<unknown> {
  const record = join(folder, 'result.json');
  rmSync(record, { force: true });
  const pattern = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const flags = ['--reporter=json', `--outputFile.json=${record}`, '-t', pattern];
  const child = spawn(process.execPath, [VITEST, 'run', file, ...flags], { cwd: folder, stdio: 'ignore' });
  const late = setTimeout(() => child.kill('SIGTERM'), WITHIN_MS);
  await once(child, 'exit');
  clearTimeout(late);
  try {
    return JSON.parse(readFileSync(record, 'utf8'));
  } catch {
    return undefined; // Vitest ended before it could write.
  }
}

function verdictOf(result: unknown): Verdict {
  if (!isObject(result)) return { kind: 'broken', how: 'the run did not end' };
  const files = Array.isArray(result['testResults']) ? result['testResults'].filter(isObject) : [];
  const tests = files.flatMap((file) =>
    Array.isArray(file['assertionResults']) ? file['assertionResults'].filter(isObject) : [],
  );
  const messages = tests.flatMap((test) =>
    Array.isArray(test['failureMessages']) ? test['failureMessages'] : [],
  );
  const told = messages.filter((message) => typeof message === 'string');
  const unmet = told.find((message) => UNMET.test(message));
  if (unmet !== undefined) return { kind: 'noticed', how: firstLineOf(unmet) };
  if (told[0] !== undefined) return { kind: 'broken', how: firstLineOf(told[0]) };
  if (result['success'] !== true) return { kind: 'broken', how: 'the test could not be loaded' };
  if (!tests.some((test) => test['status'] === 'passed')) return { kind: 'broken', how: 'no test has run' };
  return { kind: 'unnoticed' };
}

/** How expectations of our tests end: Vitest's, those that were waited for (`until`), and properties that do not hold. */
const UNMET = /^(AssertionError|Error: waited \d+ ms in vain|Error: Property failed)/;
const CHARACTERS_MAX = 160;

function firstLineOf(message: string): string {
  const [line = ''] = message.replace(/^(AssertionError|Error): /, '').split('\n');
  const steady = line.replaceAll(/\b(msg|req|org|node|house)_?-?[0-9A-Za-z_]{12,}/g, '$1_…');
  return steady.length > CHARACTERS_MAX ? `${steady.slice(0, CHARACTERS_MAX)}…` : steady;
}
