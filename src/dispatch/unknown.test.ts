// When silence means something: every sentence of the rule, as a value of time and evidence.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decideUnknown, type Evidence, type Unknown } from './unknown.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AFTER = 10 * MINUTE;

const lost = (about: Partial<Unknown> = {}): Unknown => ({
  attemptAt: 0,
  callEndedAt: 20_000,
  policy: 'fail',
  resendable: true,
  ...about,
});
const evidence = (about: Partial<Evidence> = {}): Evidence => ({
  gaps: [],
  heard: { attemptAt: 1_000, heardAt: 2_000 },
  lookAgainMs: 30_000,
  giveUpMs: 24 * 3_600_000,
  unknownAfterMs: AFTER,
  ...about,
});

describe('an unknown outcome', () => {
  test('waits until the silence is long enough, counted from the end of the call', () => {
    expect(decideUnknown(lost(), evidence(), 20_000 + AFTER - 1)).toEqual({
      kind: 'wait',
      until: 20_000 + AFTER,
    });
    expect(decideUnknown(lost(), evidence(), 20_000 + AFTER)).toEqual({ kind: 'fail' });
  });

  test('is sent again under `resend`, but never where it may not be', () => {
    expect(decideUnknown(lost({ policy: 'resend' }), evidence(), HOUR)).toEqual({ kind: 'resend' });
    expect(decideUnknown(lost({ policy: 'resend', resendable: false }), evidence(), HOUR)).toEqual({
      kind: 'fail',
    });
  });

  test('needs the status of a later attempt of the number', () => {
    const earlier = evidence({ heard: { attemptAt: 0, heardAt: HOUR } });
    expect(decideUnknown(lost({ policy: 'resend' }), earlier, HOUR).kind).toBe('wait');
    expect(decideUnknown(lost({ policy: 'resend' }), evidence({ heard: undefined }), HOUR).kind).toBe('wait');
  });

  test('counts from a gap in our hearing, three times as long, and wants evidence from after it', () => {
    const gap = { startedAt: 5_000, endedAt: 5 * MINUTE };
    const before = evidence({ gaps: [gap] });
    expect(decideUnknown(lost(), before, 5 * MINUTE + 3 * AFTER - 1)).toEqual({
      kind: 'wait',
      until: 5 * MINUTE + 3 * AFTER,
    });
    expect(decideUnknown(lost(), before, 2 * HOUR).kind).toBe('wait');
    const after = evidence({ gaps: [gap], heard: { attemptAt: 1_000, heardAt: 5 * MINUTE + 1 } });
    expect(decideUnknown(lost(), after, 5 * MINUTE + 3 * AFTER)).toEqual({ kind: 'fail' });
  });

  test('is not touched by a gap that ended before it began', () => {
    const gap = { startedAt: -HOUR, endedAt: -1 };
    expect(decideUnknown(lost(), evidence({ gaps: [gap] }), 20_000 + AFTER)).toEqual({ kind: 'fail' });
  });

  test('ends after a day without evidence, and is never sent again then', () => {
    const deaf = evidence({ heard: undefined });
    expect(decideUnknown(lost({ policy: 'resend' }), deaf, 20_000 + 24 * HOUR - 1).kind).toBe('wait');
    expect(decideUnknown(lost({ policy: 'resend' }), deaf, 20_000 + 24 * HOUR)).toEqual({ kind: 'fail' });
  });

  test('always moves on: what waits, waits for a moment to come', () => {
    const arbitrary = fc.record({
      callEndedAt: fc.integer({ min: 0, max: HOUR }),
      policy: fc.constantFrom('fail' as const, 'resend' as const),
      gaps: fc.array(
        fc.record({
          startedAt: fc.integer({ min: 0, max: HOUR }),
          endedAt: fc.integer({ min: 0, max: 2 * HOUR }),
        }),
        { maxLength: 3 },
      ),
      heard: fc.option(
        fc.record({
          attemptAt: fc.integer({ min: -10, max: HOUR }),
          heardAt: fc.integer({ min: 0, max: 30 * HOUR }),
        }),
        { nil: undefined },
      ),
      now: fc.integer({ min: 0, max: 48 * HOUR }),
    });
    fc.assert(
      fc.property(arbitrary, (one) => {
        const decision = decideUnknown(lost(one), evidence(one), one.now);
        if (decision.kind === 'wait') expect(decision.until).toBeGreaterThan(one.now);
        if (decision.kind === 'resend') expect(one.policy).toBe('resend');
        if (one.now >= one.callEndedAt + 24 * HOUR) expect(decision).toEqual({ kind: 'fail' });
      }),
    );
  });
});
