// The sweep: partitions for the days to come, and the end of what is kept long enough. Runs at the start and once an hour, on one node at
// a time; doing it twice does no harm.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { forgetSilentNodes } from '../lanes/nodes.ts';
import { forgetOldMedia } from '../media/forgetter.ts';
import { forgetOldMessages } from '../messages/forget-messages.ts';
import { levelOf } from '../storage/db.ts';
import { endWaitingForGone } from '../webhooks/end-waiting.ts';
import { emptyDefault, forgetKeys, forgetVoid, keepPartitions } from './sweep-store.ts';

const EVERY_MS = 3_600_000;
const DAYS_AHEAD = 3;
const KEEP_DAYS = 30;
const PARTITIONED = [
  { table: 'attempts', moment: 'started_at', hasWords: false },
  { table: 'inbound_aside', moment: 'received_at', hasWords: true },
  { table: 'tellings', moment: 'created_at', hasWords: true },
  { table: 'deliveries', moment: 'created_at', hasWords: true },
] as const;
/** Keys live at least 24 hours (Kirim's page on idempotency). */
const KEEP_KEYS_HOURS = 48;
const KEEP_NODES_HOURS = 24;

export interface Sweep {
  start(): void;
  /** Sweeps once. */
  sweep(): Promise<void>;
  stop(): void;
}

export function createSweep(ctx: Context): Sweep {
  let timer: Timer | undefined;
  async function sweep(): Promise<void> {
    // Where messages are kept shorter, so are their words.
    const { keepMessagesDays } = ctx.config;
    const keepWordsDays = keepMessagesDays === 0 ? KEEP_DAYS : Math.min(KEEP_DAYS, keepMessagesDays);
    for (const { table, moment, hasWords } of PARTITIONED) {
      const keepDays = hasWords ? keepWordsDays : KEEP_DAYS;
      await keepPartitions(ctx.db, { table, daysAhead: DAYS_AHEAD, keepDays });
      await emptyDefault(ctx.db, { table, moment, keepDays });
    }
    await forgetOldMessages(ctx);
    await forgetOldMedia(ctx);
    await forgetKeys(ctx.db, KEEP_KEYS_HOURS);
    await forgetVoid(ctx.db, KEEP_KEYS_HOURS);
    await forgetSilentNodes(ctx, KEEP_NODES_HOURS);
    await endWaitingForGone(ctx, KEEP_DAYS);
  }
  function again(delayMs: number): void {
    timer = ctx.clock.after(delayMs, () => {
      void sweep()
        .catch((error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'the sweep failed; it comes again in an hour'),
        )
        .finally(() => again(EVERY_MS));
    });
  }
  return { start: () => again(0), sweep, stop: () => timer?.cancel() };
}
