// Pace: never more than the limit in any sliding second, nearly all of it when there is a queue, and quiet while Meta says so.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createPace, createPairPace } from './pace.ts';

/** The moments at which one goes when somebody asks every `stepMs` for `totalMs`. */
function departures(
  perSecond: number,
  ask: { totalMs: number; stepMs: number; startFull: boolean },
): number[] {
  const { totalMs, stepMs, startFull } = ask;
  const pace = createPace(perSecond, startFull, 0);
  const gone: number[] = [];
  for (let now = 0; now < totalMs; now += stepMs) while (pace.take(now)) gone.push(now);
  return gone;
}

function mostInASecond(gone: number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < gone.length; to++) {
    while ((gone[to] ?? 0) - (gone[from] ?? 0) >= 1_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

describe('pace', () => {
  test('80 a second: never over 80 in a sliding second, at least 76 a second in the mean', () => {
    const gone = departures(80, { totalMs: 10_000, stepMs: 1, startFull: false });
    expect(mostInASecond(gone)).toBeLessThanOrEqual(80);
    expect(gone.length / 10).toBeGreaterThanOrEqual(76);
  });

  test('any limit holds in any second, however irregularly it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 400 }),
        fc.boolean(),
        (perSecond, stepMs, startFull) => {
          expect(
            mostInASecond(departures(perSecond, { totalMs: 4_000, stepMs, startFull })),
          ).toBeLessThanOrEqual(perSecond);
        },
      ),
    );
  });

  test('without a limit everything goes, but not while it is paused', () => {
    const pace = createPace(null, false, 0);
    for (let i = 0; i < 10_000; i++) expect(pace.take(0)).toBe(true);
    pace.pause(0, 500);
    expect(pace.take(499)).toBe(false);
    expect(pace.waitMs(100)).toBe(400);
    expect(pace.take(500)).toBe(true);
  });

  test('a place that was not used is given back', () => {
    const pace = createPace(1, true, 0);
    expect(pace.take(0)).toBe(true);
    expect(pace.take(1)).toBe(false);
    pace.giveBack();
    expect(pace.take(1)).toBe(true);
  });
});

describe('pair pace', () => {
  test('lets 45 go at once, then one every six seconds', () => {
    const pairs = createPairPace();
    for (let i = 0; i < 45; i++) {
      expect(pairs.waitMs('62', 0)).toBe(0);
      pairs.took('62', 0);
    }
    expect(pairs.waitMs('62', 0)).toBe(6_000);
    expect(pairs.waitMs('62', 6_000)).toBe(0);
    expect(pairs.waitMs('63', 0)).toBe(0);
  });

  test('holds a recipient back as long as Meta says', () => {
    const pairs = createPairPace();
    pairs.pause('62', 1_000, 4_000);
    expect(pairs.waitMs('62', 1_000)).toBe(4_000);
    expect(pairs.waitMs('62', 5_000)).toBe(0);
  });
});
