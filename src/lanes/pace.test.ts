// Pace: never more than the limit in any sliding second, nearly all of it when there is a queue, and quiet while Meta says so.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createPace, createPairPace, type Pace } from './pace.ts';

/** The moments at which one goes when somebody asks every `stepMs` for `totalMs`. */
function departures(
  perSecond: number,
  ask: { totalMs: number; stepMs: number; startFull: boolean },
): number[] {
  const { totalMs, stepMs, startFull } = ask;
  const pace = createPace(perSecond, startFull, 0);
  const gone: number[] = [];
  let turns = 0;
  for (let now = 0; now < totalMs; now += stepMs) {
    while (pace.take(now)) turns++;
    for (; turns > 0 && pace.leave(now) === 0; turns--) gone.push(now);
  }
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

  test('nineteen of twenty that Meta allows go, however few those are', () => {
    for (const perSecond of [1, 2, 3, 5, 7, 20, 33, 80, 250, 1_000]) {
      const pace = createPace(perSecond, false, 0);
      const gone: number[] = [];
      const turns: number[] = [];
      for (let now = 0; now < 40_000; now++) {
        while (pace.take(now)) turns.push(pace.leaveAt(now));
        while ((turns[0] ?? Infinity) <= now && pace.leave(now) === 0) {
          turns.shift();
          gone.push(now);
        }
      }
      expect(gone.length / 40, `of ${perSecond}`).toBeGreaterThanOrEqual(0.95 * perSecond);
      expect(mostInASecond(gone), `of ${perSecond}`).toBeLessThanOrEqual(perSecond);
    }
  });

  test('turns that come late all together leave one after the other', () => {
    const pace = createPace(80, false, 0);
    const gone: number[] = [];
    let turns = 0;
    for (let now = 0; now < 20_000; now++) {
      while (pace.take(now)) turns++;
      // For most of a second no statement comes back, and then all of them.
      if (now % 1_500 < 700) for (; turns > 0 && pace.leave(now) === 0; turns--) gone.push(now);
    }
    expect(mostInASecond(gone)).toBeLessThanOrEqual(80);
  });

  test('what comes back from its commit in clumps leaves evenly, and no slower', () => {
    const pace = createPace(80, false, 0);
    const gone: number[] = [];
    let turns = 0;
    for (let now = 0; now < 20_000; now++) {
      while (pace.take(now)) turns++;
      // Every 50 ms a statement ends.
      if (now % 50 === 0) for (; turns > 0; turns--) gone.push(pace.leaveAt(now));
    }
    const apart = gone.slice(1).map((at, i) => at - (gone[i] ?? 0));
    expect(Math.min(...apart)).toBeGreaterThan(12);
    expect(gone.length / 20).toBeGreaterThanOrEqual(76);
  });

  test('what waits for a connection counts from when it has one', () => {
    const pace = createPace(80, true, 0);
    const gone: number[] = [];
    const connecting: { since: number; at: number }[] = [];
    for (let now = 0; now < 3_000; now++) {
      if (pace.take(now) && pace.leave(now) === 0)
        connecting.push({ since: now, at: now < 200 ? now + 120 : now });
      while (connecting.some((one) => one.at === now)) {
        const [one] = connecting.splice(
          connecting.findIndex((each) => each.at === now),
          1,
        );
        pace.left(one?.since ?? 0, now);
        gone.push(now);
      }
    }
    expect(mostInASecond(gone)).toBeLessThanOrEqual(80);
    expect(gone.length).toBeGreaterThanOrEqual(3 * 70);
  });

  test('a loop that is late by up to fifty milliseconds costs no turns', () => {
    const gone = departures(80, { totalMs: 20_000, stepMs: 50, startFull: false });
    expect(gone.length / 20).toBeGreaterThanOrEqual(76);
  });

  test('without a limit everything goes, but not while Meta wants quiet', () => {
    const pace = createPace(null, false, 0);
    for (let i = 0; i < 10_000; i++) expect(pace.take(0)).toBe(true);
    pace.slow(0, 500);
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

/** When `pace` lets one go, asked every millisecond from one moment to another. */
function departuresOf(pace: Pace, from: number, to: number): number[] {
  const gone: number[] = [];
  for (let now = from; now < to; now++) while (pace.take(now)) gone.push(now);
  return gone;
}

describe('when Meta says that it is too much', () => {
  test('half goes after the quiet, and all of it again after ten seconds, by itself', () => {
    const pace = createPace(80, false, 0);
    departuresOf(pace, 0, 2_000);
    pace.slow(2_000, 500);
    expect(departuresOf(pace, 2_000, 2_500)).toEqual([]);
    const first = departuresOf(pace, 2_500, 3_500).length;
    expect(first).toBeGreaterThanOrEqual(37);
    expect(first).toBeLessThanOrEqual(44);
    departuresOf(pace, 3_500, 12_500);
    expect(departuresOf(pace, 12_500, 22_500).length / 10).toBeGreaterThanOrEqual(76);
  });

  test('many noes of one moment halve it once', () => {
    const pace = createPace(80, false, 0);
    for (let i = 0; i < 50; i++) pace.slow(i, 0);
    expect(departuresOf(pace, 50, 1_050).length).toBeGreaterThanOrEqual(37);
  });

  test('any limit holds in any second, whenever Meta complains, and it never stands still for good', () => {
    const complaint = fc.record({
      at: fc.integer({ min: 0, max: 20_000 }),
      quietMs: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(complaint, { maxLength: 40 }),
        (perSecond, complaints) => {
          const pace = createPace(perSecond, true, 0);
          const gone: number[] = [];
          let turns = 0;
          for (let now = 0; now < 24_000; now += 5) {
            for (const { at, quietMs } of complaints)
              if (Math.floor(at / 5) * 5 === now) pace.slow(now, quietMs);
            while (pace.take(now)) turns++;
            for (; turns > 0 && pace.leave(now) === 0; turns--) gone.push(now);
          }
          expect(mostInASecond(gone)).toBeLessThanOrEqual(perSecond);
          // Twenty seconds after the last word of Meta's, all of the rate is back, but for what is due from before.
          const back = departuresOf(pace, 44_000 + 60_000, 54_000 + 60_000).length / 10;
          expect(back).toBeGreaterThanOrEqual(perSecond * 0.9);
        },
      ),
    );
  });

  test('a limit that is lower than the one we know is found: few noes, and most of what goes', () => {
    const pace = createPace(80, false, 0);
    const real = createPace(20, true, 0);
    let refused = 0;
    let taken = 0;
    for (let now = 0; now < 60_000; now++)
      while (pace.take(now)) {
        if (real.take(now)) taken++;
        else {
          refused++;
          pace.slow(now, 100);
        }
      }
    expect(taken / 60).toBeGreaterThanOrEqual(10);
    expect(refused).toBeLessThan(taken / 10);
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
