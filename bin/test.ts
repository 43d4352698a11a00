// npm test [files or vitest flags]: runs every test, then says `N passed, N failed` (and how many were skipped) from
// vitest's own record, and exits by it: 0 only when something ran and nothing failed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { isObject } from '../src/kernel/json.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '..');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const folder = mkdtempSync(join(tmpdir(), 'kurir-test-result-'));
const record = join(folder, 'result.json');
const flags = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${record}`];
const child = spawn(process.execPath, [vitest, ...flags, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
// Vitest stops its PostgreSQL first; we wait for it. Ctrl-C reaches it without us.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [status] = await once(child, 'exit');
const counts = readCounts();
rmSync(folder, { recursive: true, force: true });
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
);
process.exit(status === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1);

// A file that cannot even be loaded has no failed test; it counts as one.
function readCounts(): Counts {
  let result: unknown;
  try {
    result = JSON.parse(readFileSync(record, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }; // Vitest ended before it could write.
  }
  if (!isObject(result)) return { passed: 0, failed: 1, skipped: 0 };
  const files = Array.isArray(result['testResults']) ? result['testResults'].filter(isObject) : [];
  const unloaded = files.filter(
    (file) =>
      file['status'] === 'failed' &&
      Array.isArray(file['assertionResults']) &&
      file['assertionResults'].length === 0,
  );
  return {
    passed: count(result['numPassedTests']),
    failed: count(result['numFailedTests']) + unloaded.length,
    skipped: count(result['numPendingTests']) + count(result['numTodoTests']),
  };
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
