// All tests of the repository in one run, on one real PostgreSQL (test/support/postgres.ts).
import { availableParallelism } from 'node:os';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,simulator,test,bench,client}/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'forks',
    // The default is one file less than there are cores: on two cores, one file at a time, of which most wait. On many cores they would take
    // more than the one server's hundred connections, of which a house has some ten, and two gateways in processes of their own twenty.
    maxWorkers: Math.min(4, Math.max(2, availableParallelism() - 1)),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A promise that nobody awaited is a fault of the test or of what it tests.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
