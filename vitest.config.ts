// All tests of the repository in one run, on one real PostgreSQL (test/support/postgres.ts).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,simulator,test,bench,client}/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A promise that nobody awaited is a fault of the test or of what it tests.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
