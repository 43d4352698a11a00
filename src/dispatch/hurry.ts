// Hurry: a message that stands behind a slower one to the same recipient takes that one along. Order per recipient is never given up, so
// the code that somebody waits for must not stand behind a campaign's message until the campaign is through.
import type { Context } from '../context.ts';
import type { Lane } from '../lanes/lane.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { levelOf } from '../storage/db.ts';
import { hurry, type Ready } from './dispatch-store.ts';

export interface Hurried {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  line: number;
}

export interface Hurry {
  /** A message of the lane stands behind another one. */
  behind(lane: Lane, message: Hurried): void;
  drained(): Promise<void>;
}

const ROWS_MAX = 200;

/** @param moved these stand in another line now, and are ready */
export function createHurry(ctx: Context, moved: (lane: Lane, rows: readonly Ready[]) => void): Hurry {
  const hurrying = createGroupCommit<Hurried, Ready[]>({
    // What was moved is told once, whoever of the lane it was moved for.
    async write(rows) {
      const found = await hurry(ctx.db, rows);
      return rows.map((_, i) => (i === 0 ? found : []));
    },
    maxRows: ROWS_MAX,
    keyOf: (row) => row.phoneNumberId,
  });
  return {
    behind(lane, message) {
      // Nothing slower is queued, as far as is known: as ever in a number without a campaign.
      if (!lane.queued.some((count, line) => line > message.line && count > 0)) return;
      hurrying.add(message).then(
        (rows) => moved(lane, rows),
        (error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'what stands before a message could not be hurried'),
      );
    },
    drained: () => hurrying.drained(),
  };
}
