// Group commit: what arrives while a statement is under way goes into the next one, so that a thousand durable writes a
// second cost a few hundred commits. One statement at a time for each batching key; each caller hears of its own row.
import { isUnacceptable, sqlState } from './db.ts';

export interface GroupCommitOptions<Row, Result> {
  /** Writes all rows in one statement; answers in their order. */
  write: (rows: Row[]) => Promise<Result[]>;
  /** Rows at the most in one statement. */
  maxRows: number;
  /** Statements under way at once for one batching key. */
  parallel?: number;
  /** What may share a statement; everything, unless the tables are distributed by organisation. */
  keyOf?: (row: Row) => string;
}

export interface GroupCommit<Row, Result> {
  add(row: Row): Promise<Result>;
  /** Resolves when nothing is under way or waiting. */
  drained(): Promise<void>;
}

interface Waiting<Row, Result> {
  row: Row;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

interface Batcher<Row, Result> {
  waiting: Waiting<Row, Result>[];
  running: number;
  scheduled: boolean;
}

const DEADLOCK = '40P01';
const DEADLOCK_TRIES = 5;

export function createGroupCommit<Row, Result>(
  options: GroupCommitOptions<Row, Result>,
): GroupCommit<Row, Result> {
  const batchers = new Map<string, Batcher<Row, Result>>();
  let busy = 0;
  const parallel = options.parallel ?? 1;
  let idle: (() => void)[] = [];

  function start(key: string, batcher: Batcher<Row, Result>): void {
    batcher.scheduled = false;
    while (batcher.waiting.length > 0 && batcher.running < parallel) {
      batcher.running++;
      void run(key, batcher, batcher.waiting.splice(0, options.maxRows));
    }
  }

  async function run(
    key: string,
    batcher: Batcher<Row, Result>,
    batch: Waiting<Row, Result>[],
  ): Promise<void> {
    await write(batch);
    batcher.running--;
    if (batcher.waiting.length > 0) start(key, batcher);
    else if (batcher.running === 0) rest(key);
  }

  function rest(key: string): void {
    busy--;
    if (options.keyOf) batchers.delete(key);
    if (busy === 0) for (const tell of idle.splice(0)) tell();
  }

  async function write(batch: Waiting<Row, Result>[], tries = 1): Promise<void> {
    try {
      const results = await options.write(batch.map((one) => one.row));
      if (results.length !== batch.length) throw new Error('A group commit must answer each row.');
      for (const [i, result] of results.entries()) batch[i]?.resolve(result);
    } catch (error) {
      if (sqlState(error) === DEADLOCK && tries < DEADLOCK_TRIES) return write(batch, tries + 1);
      // A row that PostgreSQL cannot take must not take its neighbours with it.
      if (batch.length > 1 && isUnacceptable(error)) {
        const half = batch.length >> 1;
        await write(batch.slice(0, half));
        return write(batch.slice(half));
      }
      for (const one of batch) one.reject(error);
    }
  }

  return {
    add(row) {
      const key = options.keyOf?.(row) ?? '';
      const batcher = batchers.get(key) ?? { waiting: [], running: 0, scheduled: false };
      if (batcher.waiting.length === 0 && batcher.running === 0) {
        batchers.set(key, batcher);
        busy++;
      }
      return new Promise((resolve, reject) => {
        batcher.waiting.push({ row, resolve, reject });
        if (batcher.scheduled || batcher.running >= parallel) return;
        batcher.scheduled = true;
        // After the events of this turn of the loop, so that requests that came together are written together.
        setImmediate(start, key, batcher);
      });
    },
    drained: () => (busy === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))),
  };
}
