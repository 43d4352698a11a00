// The short form of `npm run test:crash`, in every test run: 600 sends, processes killed with -9 in the middle of them, and the ledgers
// outside the gateway side by side (promises 1 to 4). What it checks stands in verdict.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { seedOfRun } from '../support/seed-of-run.ts';
import { startCrashPostgres, type CrashPostgres } from './crash-house.ts';
import { makePlan, type PlanOptions } from './plan.ts';
import { runCrash } from './run.ts';

const SENDS = 600;
const WITHIN_MS = 150_000;

// Of its own: it is killed, too.
let postgres: CrashPostgres;
beforeAll(async () => void (postgres = await startCrashPostgres()));
afterAll(() => postgres[Symbol.asyncDispose]());

test.each<Omit<PlanOptions, 'seed' | 'sends'>>([
  { policy: 'fail', nodes: 1, kills: 2, webhooks: 'through' },
  { policy: 'resend', nodes: 2, kills: 2, webhooks: 'through' },
])(
  'nothing accepted is lost, doubled or out of order: $policy, nodes: $nodes',
  { timeout: WITHIN_MS },
  async (options) => {
    const seed = seedOfRun(`kill -9, policy ${options.policy}`);
    const plan = makePlan({ ...options, seed, sends: SENDS });
    const { verdict, folder } = await runCrash({
      plan,
      postgres,
      keep: false,
      say: (line) => console.log(line),
    });
    expect(verdict.findings, `logs and ledgers: ${folder}`).toEqual([]);
    expect(verdict.counts.sends).toBeGreaterThanOrEqual(SENDS);
    expect(verdict.counts.once).toBeGreaterThan(SENDS * 0.9);
    expect(verdict.counts.orderedPairs).toBeGreaterThan(SENDS);
  },
);
