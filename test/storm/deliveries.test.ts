// The short form of `npm run test:deliveries`, in every test run: what it checks stands in verdict.ts. Delays are for the long form, which
// has the machine for itself.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startCrashPostgres, type CrashPostgres } from '../crash/crash-house.ts';
import { seedOfRun } from '../support/seed-of-run.ts';
import { planStorm } from './plan.ts';
import { runStorm } from './storm.ts';
import { judgeStorm } from './verdict.ts';

const EVENTS = 80;
const WITHIN_MS = 120_000;

let postgres: CrashPostgres;
beforeAll(async () => void (postgres = await startCrashPostgres()));
afterAll(() => postgres[Symbol.asyncDispose]());

test(
  'every event reaches every healthy subscription, whatever the others do and whoever is killed',
  { timeout: WITHIN_MS },
  async () => {
    const seed = seedOfRun('deliveries, kill -9');
    const plan = planStorm({
      seed,
      events: EVENTS,
      subscriptions: 20,
      kills: 2,
      retryScale: 20_000,
      rate: 15,
    });
    const storm = await runStorm(plan, { postgres, say: (line) => console.log(line) });
    const { findings, figures } = judgeStorm(storm.evidence);
    console.log(JSON.stringify(figures));
    expect(findings.slice(0, 10), findings.length > 0 ? `logs and ledgers: ${storm.keep()}` : '').toEqual([]);
    expect(figures.told).toBeGreaterThanOrEqual(
      EVENTS * plan.manners.filter((manner) => manner === 'well').length,
    );
  },
);
