// What was sent, for those who hear of its statuses. Three or four statuses of a message come within seconds, and what they tell of it is
// the same: it is read once and kept for a moment.
import type { Context } from '../context.ts';
import type { Queryable } from '../storage/db.ts';
import { readTold, type ToldRow } from './progress-store.ts';

export interface OutboundFactsReader {
  /** By message id; absent where there is no such message. What changes of it (a customer's name) is at most a minute old. */
  read(
    db: Queryable,
    messages: readonly { organisationId: string; messageId: string }[],
  ): Promise<Map<string, ToldRow>>;
}

const KEPT_MS = 60_000;
/** A body may have some tens of kilobytes. */
const KEPT_MAX = 2_000;

export function createOutboundFactsReader({ clock }: Pick<Context, 'clock'>): OutboundFactsReader {
  const kept = new Map<string, { row: ToldRow; until: number }>();
  return {
    async read(db, messages) {
      const now = clock.monotonic();
      const found = new Map<string, ToldRow>();
      const missing = new Map<string, { organisationId: string; id: string }>();
      for (const { organisationId, messageId: id } of messages) {
        const known = kept.get(id);
        if (known && known.until > now) found.set(id, known.row);
        else missing.set(id, { organisationId, id });
      }
      if (missing.size === 0) return found;
      for (const row of await readTold(db, [...missing.values()])) {
        found.set(row.id, row);
        kept.set(row.id, { row, until: now + KEPT_MS });
      }
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      return found;
    },
  };
}
