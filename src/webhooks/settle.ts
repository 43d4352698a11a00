// Settle: what became of a try is judged, written down together with others of the moment, and told to the health of its subscription;
// one rule for what a node has posted and for what a listener has fetched.
import type { Context } from '../context.ts';
import { levelOf } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import type { Job, Try } from './delivery.ts';
import { settleRows, type SettledRow } from './delivery-store.ts';
import { endBatch } from './end-batch.ts';
import { settleLines } from './line-store.ts';
import type { Health } from './health.ts';
import type { PostOutcome } from './post.ts';
import { judgeTry, type Verdict } from './schedule.ts';
import type { KnownSubscription } from './subscription-directory.ts';

export interface Tried {
  subscription: KnownSubscription;
  rows: Job['rows'];
  line: Job['line'];
  isSingle: boolean;
  /** Which try it was, from 1. */
  attempt: number;
  outcome: PostOutcome;
  /** When it began. */
  at: number;
}

export interface Settler {
  /** Resolves when it is written down, with the moment of the next try, if there is one. */
  settle(tried: Tried): Promise<{ dueAt: number | null }>;
  drained(): Promise<void>;
}

/** The last of what goes out together settles its line, too. */
type Settled = SettledRow & { subscriptionId: string; line: Job['line'] };

const SETTLE_AGAIN_MS = 500;

/** @param keepMs how long a result that cannot be written down is kept: as long as the lease of its row */
export function createSettler(ctx: Context, { health, keepMs }: { health: Health; keepMs: number }): Settler {
  const settling = createGroupCommit<Settled, void>({
    write: async (rows) => {
      await settleRows(ctx.db, rows);
      const lines = rows.flatMap(({ line, ...row }) => (line ? [{ ...row, ...line }] : []));
      if (lines.length > 0) await settleLines(ctx.db, lines, ctx.clock.now());
      return rows.map(() => undefined);
    },
    maxRows: 1_000,
  });

  // A result that is not recorded would be tried again: it is kept for as long as the lease lasts, and a little more.
  async function recorded(write: () => Promise<unknown>): Promise<void> {
    const until = ctx.clock.monotonic() + keepMs;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        ctx.log[levelOf(error)](
          { err: error },
          'what became of a delivery could not be recorded; it is kept',
        );
        if (ctx.clock.monotonic() > until) throw error;
        await new Promise<void>((resolve) => ctx.clock.after(SETTLE_AGAIN_MS, resolve));
      }
    }
  }

  return {
    async settle(tried) {
      const { subscription, rows, attempt, outcome, isSingle } = tried;
      const verdict = judgeTry(outcome, {
        attempt,
        random: ctx.random(),
        scale: ctx.config.webhookRetryScale,
      });
      const now = ctx.clock.now();
      const dueAt = verdict.kind === 'again' ? now + verdict.afterMs : null;
      const settled = toSettled(tried, { verdict, dueAt, now });
      if (ctx.log.isLevelEnabled('debug'))
        ctx.log.debug(
          { deliveryId: rows[0].id, attempt, verdict: verdict.kind, outcome: brief(outcome) },
          'delivery tried',
        );
      const isExhausted = verdict.kind === 'dead' && verdict.reason === 'exhausted';
      if (isExhausted && tried.line && rows.length > 1) {
        const batch = { rows: settled, line: tried.line };
        await recorded(() => endBatch(ctx.db, subscription, { batch, now }));
      } else await recorded(() => Promise.all(settled.map((row) => settling.add(row))));
      if (verdict.kind === 'succeeded') await health.succeeded(subscription);
      // That its batch died was counted.
      else if (isSingle && verdict.kind !== 'gone') return { dueAt };
      else if (verdict.kind === 'again') await health.failed(subscription, outcome);
      else await health.died(subscription, { gone: verdict.kind === 'gone', outcome });
      return { dueAt };
    },
    drained: () => settling.drained(),
  };
}

function toSettled(
  { subscription, rows, line, attempt, outcome, at }: Tried,
  { verdict, dueAt, now }: { verdict: Verdict; dueAt: number | null; now: number },
): Settled[] {
  const last = rows.at(-1);
  const written = toTry(outcome, at);
  return rows.map((row) => ({
    organisationId: subscription.organisationId,
    subscriptionId: subscription.id,
    ...row,
    state: verdict.kind === 'succeeded' ? 'succeeded' : dueAt === null ? 'dead' : 'pending',
    attempt,
    dueAt,
    finishedAt: dueAt === null ? now : null,
    try: written,
    line: row === last ? line : null,
  }));
}

function toTry(outcome: PostOutcome, at: number): Try {
  const base = { at: new Date(at).toISOString(), ms: Math.round(outcome.ms) };
  if (outcome.kind === 'failed') return { ...base, error: outcome.reason, detail: outcome.detail };
  return {
    ...base,
    status: outcome.status,
    ...(!isSuccess(outcome) && outcome.excerpt !== '' ? { detail: outcome.excerpt } : {}),
  };
}

/** Whether the receiver took it. */
export function isSuccess(outcome: PostOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}

function brief(outcome: PostOutcome): string {
  return outcome.kind === 'answered' ? `HTTP ${outcome.status}` : outcome.reason;
}
