// One real PostgreSQL for the whole test run, in a temporary folder, with fsync on. Its address is handed to the tests as
// inject('databaseUrl'); each test works in a schema of its own.
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

import { createLog } from '../../src/kernel/log.ts';
import { startEmbeddedPostgres } from '../../src/storage/embedded.ts';
import { isAlive } from '../../src/storage/is-alive.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
  }
}

const PREFIX = 'kurir-test-postgres-';
const log = createLog('error');

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await clearKilledRuns();
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Run by root, PostgreSQL has a user of its own that must get in.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  project.provide('databaseUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

// A run that was killed leaves its server behind: it is taken over and stopped, and its folder deleted.
async function clearKilledRuns(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    if (isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) continue;
    const dataDir = join(tmpdir(), name);
    try {
      await (await startEmbeddedPostgres({ dataDir, log })).stop();
      await rm(dataDir, { recursive: true, force: true });
    } catch {
      // Another user's, or being cleared by another run.
    }
  }
}
