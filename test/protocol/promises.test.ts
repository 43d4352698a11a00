// The promises of a send, at random: whatever is sent, repeated and withdrawn, and whatever breaks meanwhile, what was accepted is at Meta
// once and in order, or is said not to be. In virtual time; `npm run test:promises -- --runs N` is the long form.
import fc from 'fast-check';
import { test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import { judge, STEPS, type Promised, type World } from '../support/promises.ts';
import { seedOfRun } from '../support/seed-of-run.ts';
import { startVirtualHouse } from '../support/virtual-house.ts';

const LONG = process.env['PROMISES_RUNS'];
const RUNS = Number(LONG ?? 12);
const PATH = process.env['PROMISES_PATH'];
const MAX_STEPS = 24;
const HOUSE = {
  // Late enough that what we do by ourselves comes first.
  simulator: { statusDelaysMs: { sent: 15_000, delivered: 5_000, read: 5_000 } },
  config: {
    unknownAfterMs: 60_000,
    times: { ...protocolTimes(1 / 5), lookAgainMs: 30_000, giveUpMs: 600_000 },
  },
};

test(
  'what is accepted is at Meta once and in order, or is said not to be',
  async () => {
    const seed = seedOfRun('promises');
    let world: World | undefined;
    let run = 0;
    const runs = fc.asyncProperty(
      fc.commands(STEPS, { maxCommands: MAX_STEPS, size: 'max' }),
      async (steps) => {
        const model: Promised = { run: run++, asked: [] };
        if (run % 100 === 0) console.log(`${run} runs (seed ${seed})`);
        world ??= { house: await startVirtualHouse(HOUSE), waiting: new Set() };
        try {
          await fc.asyncModelRun(() => ({ model, real: world as World }), steps);
          await judge(model, world);
        } catch (error) {
          // What failed may have left anything behind.
          await world.house[Symbol.asyncDispose]();
          world = undefined;
          throw error;
        }
      },
    );
    try {
      await fc.assert(runs, {
        seed,
        numRuns: RUNS,
        endOnFailure: LONG === undefined,
        ...(PATH === undefined ? {} : { path: PATH }),
      });
    } finally {
      await world?.house[Symbol.asyncDispose]();
    }
  },
  60_000 + RUNS * 10_000,
);
