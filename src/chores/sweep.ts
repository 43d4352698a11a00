// The sweep: partitions for the days to come, and the end of what is kept long enough. Runs at the start and once an hour, on one node at
// a time; doing it twice does no harm.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { forgetSilentNodes } from '../lanes/nodes.ts';
import { forgetOldMedia } from '../media/forgetter.ts';
import { forgetOldMessages } from '../messages/forget-messages.ts';
import { levelOf } from '../storage/db.ts';
import { endWaitingForGone } from '../webhooks/end-waiting.ts';
import { keepPartitions, forgetKeys, forgetVoid } from './sweep-store.ts';

const EVERY_MS = 3_600_000;
const DAYS_AHEAD = 3;
const KEEP_DAYS = 30;
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
    for (const table of ['attempts', 'inbound_aside', 'tellings', 'deliveries'] as const)
      await keepPartitions(ctx.db, { table, daysAhead: DAYS_AHEAD, keepDays: KEEP_DAYS });
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
