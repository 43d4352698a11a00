// Hearing: whether Meta's statuses reach us, as evidence about those that do not come. What was heard is kept in memory and written down
// now and then: what of it is lost with a crash only makes us wait longer. That a webhook was refused, forgotten, would make us wait
// shorter: it is written down before it is refused. Where the database does not take it, that is kept and written later; what a
// process takes with it that dies before, while the database was away for less than a lease, is lost (docs/protocol.md, rule 24).
import type { Context } from '../context.ts';
import { levelOf } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { keepGap, keepHeard, type Heard } from './lane-store.ts';

export interface Hearing {
  /** A status of an attempt was heard. */
  heard(phoneNumberId: string, attemptAt: number): void;
  /** A webhook of Meta's is to be answered other than 2xx; resolves when it may be. */
  refused(): Promise<void>;
  /** Writes down what is new; throws when the database does not answer. */
  keep(): Promise<void>;
}

export function createHearing(ctx: Context): Hearing {
  let latest = new Map<string, Heard>();
  let gap: { startedAt: number; endedAt: number } | undefined;
  // A gap is written down a little ahead, so that a thousand refusals are a statement every few seconds.
  let writtenUntil = -Infinity;
  const writing = createGroupCommit<void, void>({
    async write(rows) {
      await writeGap();
      return rows;
    },
    maxRows: Infinity,
  });

  async function writeGap(): Promise<void> {
    const written = gap;
    if (!written) return;
    const until = written.endedAt + ctx.config.times.keepHearingMs;
    await keepGap(ctx.db, written.startedAt, until);
    writtenUntil = until;
    // One that went on meanwhile, beyond what was written, is written again.
    if (gap && gap.endedAt <= until) gap = undefined;
  }

  return {
    heard(phoneNumberId, attemptAt) {
      const before = latest.get(phoneNumberId);
      if (before && before.attemptAt >= attemptAt) return;
      latest.set(phoneNumberId, { phoneNumberId, attemptAt, heardAt: ctx.clock.now() });
    },
    async refused() {
      const now = ctx.clock.now();
      if (now <= writtenUntil) return;
      gap = { startedAt: gap?.startedAt ?? now, endedAt: now };
      try {
        await writing.add();
      } catch (error) {
        ctx.log[levelOf(error)]({ err: error }, 'that a webhook was refused is written down later');
      }
    },
    async keep() {
      await writing.add();
      if (latest.size === 0) return;
      const news = latest;
      latest = new Map();
      try {
        await keepHeard(ctx.db, [...news.values()]);
      } catch (error) {
        // What came meanwhile is newer.
        latest = new Map([...news, ...latest]);
        throw error;
      }
    },
  };
}
