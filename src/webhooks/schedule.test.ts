// Every row of the table of retries (docs/webhooks.md; Kirim's page on webhook retries).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { PostFailure } from './post-failure.ts';
import type { PostOutcome } from './post.ts';
import { judgeTry, TRIES_MAX } from './schedule.ts';

const WAITS_S = [10, 30, 120, 600, 3_600, 21_600, 86_400];
const FIRST = { attempt: 1, random: 0.5, scale: 1 };

function answered(status: number, retryAfterMs: number | null = null): PostOutcome {
  return { kind: 'answered', status, retryAfterMs, excerpt: '', ms: 1 };
}

function failed(reason: PostFailure): PostOutcome {
  return { kind: 'failed', reason, detail: '', ms: 1 };
}

const FAILURES: PostFailure[] = [
  'timeout',
  'refused',
  'unreachable',
  'reset',
  'dns',
  'tls',
  'blocked address',
  'bad answer',
];
const RETRIED = [
  ...[300, 301, 302, 303, 304, 307, 308, 408, 429, 500, 502, 503, 504, 599].map((status) => answered(status)),
  ...FAILURES.map(failed),
];
const DEAD = [400, 401, 403, 404, 405, 406, 407, 409, 411, 413, 415, 418, 421, 422, 425, 428, 431, 451, 499];

function what(outcome: PostOutcome): string {
  return outcome.kind === 'answered' ? `${outcome.status}` : outcome.reason;
}

test.each([200, 201, 202, 204, 206, 299])('%i is a success, at any try', (status) => {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++)
    expect(judgeTry(answered(status), { ...FIRST, attempt })).toEqual({ kind: 'succeeded' });
});

test.each(RETRIED.map((outcome): [string, PostOutcome] => [what(outcome), outcome]))(
  '%s is tried again seven times, and is dead after the eighth',
  (_what, outcome) => {
    const verdicts = Array.from({ length: TRIES_MAX }, (_, i) =>
      judgeTry(outcome, { ...FIRST, attempt: i + 1 }),
    );
    expect(verdicts).toEqual([
      ...WAITS_S.map((wait) => ({ kind: 'again', afterMs: wait * 1_000 })),
      { kind: 'dead', reason: 'exhausted' },
    ]);
  },
);

test.each(DEAD)('%i is dead at once', (status) => {
  expect(judgeTry(answered(status), FIRST)).toEqual({ kind: 'dead', reason: 'refused' });
});

test('410 says that the receiver is gone, at any try', () => {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt++)
    expect(judgeTry(answered(410), { ...FIRST, attempt })).toEqual({ kind: 'gone' });
});

describe('Retry-After', () => {
  test.each([429, 503])('of %i is waited for where it is longer', (status) => {
    expect(judgeTry(answered(status, 60_000), FIRST)).toEqual({ kind: 'again', afterMs: 60_000 });
    expect(judgeTry(answered(status, 1_000), FIRST)).toEqual({ kind: 'again', afterMs: 10_000 });
    expect(judgeTry(answered(status, 0), FIRST)).toEqual({ kind: 'again', afterMs: 10_000 });
  });

  test('gives no ninth try', () => {
    const last = { ...FIRST, attempt: TRIES_MAX };
    expect(judgeTry(answered(429, 60_000), last)).toEqual({ kind: 'dead', reason: 'exhausted' });
  });
});

test('each wait is its own of the table, give or take 20 %, shortened by the scale', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...RETRIED),
      fc.integer({ min: 1, max: TRIES_MAX - 1 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 10_000 }),
      (outcome, attempt, random, scale) => {
        const verdict = judgeTry(outcome, { attempt, random, scale });
        if (verdict.kind !== 'again') throw new Error(verdict.kind);
        const plain = ((WAITS_S[attempt - 1] ?? 0) * 1_000) / scale;
        expect(verdict.afterMs).toBeGreaterThanOrEqual(Math.floor(plain * 0.8));
        expect(verdict.afterMs).toBeLessThanOrEqual(Math.ceil(plain * 1.2));
      },
    ),
  );
});

test('all of it together lasts 31 hours, 12 minutes and 40 seconds', () => {
  const waits = WAITS_S.map((_, i) => judgeTry(failed('refused'), { ...FIRST, attempt: i + 1 }));
  const whole = waits.reduce((sum, verdict) => sum + (verdict.kind === 'again' ? verdict.afterMs : 0), 0);
  expect(whole).toBe(((31 * 60 + 12) * 60 + 40) * 1_000);
});
