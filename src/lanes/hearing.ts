// Hearing: whether Meta's statuses reach us, as evidence about those that do not come. Kept in memory and written down now and then; what
// is lost with a crash only makes us wait longer.
import type { Context } from '../context.ts';
import { keepGap, keepHeard, type Heard } from './lane-store.ts';

export interface Hearing {
  /** A status of an attempt was heard. */
  heard(phoneNumberId: string, attemptAt: number): void;
  /** A webhook of Meta's was answered other than 2xx. */
  refused(): void;
  /** Writes down what is new; throws when the database does not answer. */
  keep(): Promise<void>;
}

export function createHearing(ctx: Context): Hearing {
  let latest = new Map<string, Heard>();
  let gap: { startedAt: number; endedAt: number } | undefined;
  return {
    heard(phoneNumberId, attemptAt) {
      const before = latest.get(phoneNumberId);
      if (before && before.attemptAt >= attemptAt) return;
      latest.set(phoneNumberId, { phoneNumberId, attemptAt, heardAt: ctx.clock.now() });
    },
    refused() {
      const now = ctx.clock.now();
      gap = { startedAt: gap?.startedAt ?? now, endedAt: now };
    },
    async keep() {
      if (gap) {
        const written = gap;
        await keepGap(ctx.db, written.startedAt, written.endedAt);
        // One that went on meanwhile is written again, to its new end.
        if (gap === written) gap = undefined;
      }
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
