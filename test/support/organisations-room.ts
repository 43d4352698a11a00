// For the tests of this room: a context over a fresh schema, and a clock that is turned by hand.
import { randomUUID } from 'node:crypto';

import { readConfig } from '../../src/config/config.ts';
import type { Context } from '../../src/context.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { createLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { createSealer, type Sealer } from '../../src/kernel/secrets.ts';
import { openDatabase, type Database } from '../../src/storage/db.ts';
import { migrate } from '../../src/storage/migrate.ts';

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Stands still until it is advanced; what comes due on the way is called at its moment. */
export function manualClock(start: number): ManualClock {
  let passed = 0;
  let waiting: { due: number; act: () => void }[] = [];
  return {
    now: () => start + passed,
    monotonic: () => passed,
    after(delayMs, act) {
      const one = { due: passed + delayMs, act };
      waiting.push(one);
      return { cancel: () => (waiting = waiting.filter((other) => other !== one)) };
    },
    advance(ms) {
      const until = passed + ms;
      for (;;) {
        const [next] = waiting.toSorted((a, b) => a.due - b.due);
        if (!next || next.due > until) break;
        waiting = waiting.filter((other) => other !== next);
        passed = next.due;
        next.act();
      }
      passed = until;
    },
  };
}

export interface TestRoom extends AsyncDisposable {
  ctx: Context;
  clock: ManualClock;
  /** The statements that were run, for what must not reach the database. */
  statements: string[];
  /** Another node on the same tables. */
  otherNode(sealer?: Sealer): Context;
}

export async function openTestRoom(url: string): Promise<TestRoom> {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = openDatabase({ url, connections: 1, onIdleError });
  await admin.query(`create schema ${schema}`);
  const db = openDatabase({ url, connections: 4, schema, onIdleError });
  await migrate(db);
  const clock = manualClock(Date.UTC(2026, 5, 1));
  const statements: string[] = [];
  const ctx: Context = {
    config: { ...readConfig({}, 'development').config, writePerMinute: 60, readPerMinute: 600 },
    db: recorded(db, statements),
    clock,
    random: seededRandom(1),
    sealer: createSealer(['a secret of the tests']),
    log: createLog('silent'),
  };
  return {
    ctx,
    clock,
    statements,
    otherNode: (sealer) => ({ ...ctx, db, sealer: sealer ?? ctx.sealer }),
    async [Symbol.asyncDispose]() {
      await db.close();
      await admin.query(`drop schema ${schema} cascade`);
      await admin.close();
    },
  };
}

function onIdleError(error: Error): void {
  throw error;
}

function recorded(db: Database, statements: string[]): Database {
  return {
    ...db,
    query(text, values, name) {
      statements.push(text);
      return db.query(text, values, name);
    },
  };
}
