// When a delivery is tried again, and when it is given up (Kirim's page on webhook retries: eight tries over about 31 hours).
import type { PostOutcome } from './post.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
/** The wait before the second try, the third, … */
const WAITS_MS = [10 * SECOND, 30 * SECOND, 120 * SECOND, 600 * SECOND, HOUR, 6 * HOUR, 24 * HOUR] as const;

export const TRIES_MAX = WAITS_MS.length + 1;

export type Verdict =
  | { kind: 'succeeded' }
  | { kind: 'again'; afterMs: number }
  | { kind: 'dead'; reason: 'refused' | 'exhausted' }
  /** The receiver is gone for good (410). */
  | { kind: 'gone' };

/** What becomes of a delivery after its try number `attempt` (from 1). `random` in [0, 1) spreads waits by ±20 %; `scale` shortens them. */
export function judgeTry(
  outcome: PostOutcome,
  about: { attempt: number; random: number; scale: number },
): Verdict {
  if (outcome.kind === 'answered') {
    const { status } = outcome;
    if (status >= 200 && status < 300) return { kind: 'succeeded' };
    if (status === 410) return { kind: 'gone' };
    if (status >= 400 && status < 500 && status !== 408 && status !== 429)
      return { kind: 'dead', reason: 'refused' };
  }
  const waitMs = WAITS_MS[about.attempt - 1];
  if (waitMs === undefined) return { kind: 'dead', reason: 'exhausted' };
  const plainMs = (waitMs / about.scale) * (0.8 + 0.4 * about.random);
  const asked = outcome.kind === 'answered' ? (outcome.retryAfterMs ?? 0) : 0;
  return { kind: 'again', afterMs: Math.round(Math.max(plainMs, asked)) };
}
