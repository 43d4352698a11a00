// All tests of the repository in one run, on one real PostgreSQL (test/support/postgres.ts).
import { availableParallelism } from 'node:os';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,simulator,test,bench,client}/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'forks',
    // The default is one file less than there are cores: on two cores, one file at a time, of which most wait.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A promise that nobody awaited is a fault of the test or of what it tests.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
