// For the tests of this room: a context over a fresh schema, and a clock that is turned by hand.
import { randomUUID } from 'node:crypto';

import { readConfig } from '../../src/config/config.ts';
import type { Context } from '../../src/context.ts';
import { createLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { createSealer, type Sealer } from '../../src/kernel/secrets.ts';
import { openDatabase, type Database } from '../../src/storage/db.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { turnableClock, type TurnableClock } from './turnable-clock.ts';

export interface TestRoom extends AsyncDisposable {
  ctx: Context;
  clock: TurnableClock;
  /** The statements that were run, for what must not reach the database. */
  statements: string[];
  /** Another node on the same tables. */
  otherNode(sealer?: Sealer): Context;
}

export async function openTestRoom(url: string): Promise<TestRoom> {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = openDatabase({ url, connections: 1, onIdleError });
  await admin.query(`create schema ${schema}`);
  const db = openDatabase({ url, connections: 6, schema, onIdleError });
  await migrate(db);
  const clock = turnableClock(Date.UTC(2026, 5, 1));
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
