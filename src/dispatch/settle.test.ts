// What an outcome makes of its message: every branch of Meta's answers, as a value.
import { describe, expect, test } from 'vitest';

import type { Attempt } from '../lanes/lanes.ts';
import type { SendOutcome } from '../meta/client.ts';
import { judge } from './settle.ts';

const attempt: Attempt = {
  organisationId: 'org_1',
  messageId: 'msg_1',
  phoneNumberId: '106540352242922',
  conversation: '628111111111',
  attempt: 1,
  epoch: 1,
  startedAt: 0,
  body: {},
  mayHaveLeft: false,
  refusals: 0,
  owed: false,
};
const at = { now: 10_000, random: 0.5 };

function refused(
  code: number,
  httpStatus: number,
  retryAfterMs: number | null = null,
): Exclude<SendOutcome, { kind: 'accepted' }> {
  return {
    kind: 'refused',
    error: { code, httpStatus, retryAfterMs, title: 'title', details: 'details', error: {} },
  };
}

describe('an outcome', () => {
  test('rejected for good: failed, with its code', () => {
    const { row, brake } = judge(attempt, refused(131009, 400), at);
    expect(row).toMatchObject({
      next: 'failed',
      failure: { code: 'whatsapp_error', providerCode: 131009, message: 'details' },
    });
    expect(brake).toBeUndefined();
  });

  test('a rate limit: queued again, and the lane goes slower, as long as Meta says', () => {
    expect(judge(attempt, refused(130429, 400, 7_000), at)).toMatchObject({
      row: { next: 'queued', readyAt: 17_000, mayHaveLeft: false, refused: true },
      brake: { kind: 'slow lane', retryAfterMs: 7_000 },
    });
    expect(judge(attempt, refused(80007, 429), at).brake).toMatchObject({ kind: 'slow lane' });
  });

  test('the pair rule slows the recipient alone, longer after each no', () => {
    const first = judge(attempt, refused(131056, 400), at);
    const third = judge({ ...attempt, refusals: 2 }, refused(131056, 400), at);
    expect(first).toMatchObject({
      row: { next: 'queued', readyAt: 11_000 },
      brake: { kind: 'slow recipient' },
    });
    expect(third.row.readyAt).toBe(10_000 + 16_000);
  });

  test('a 5xx that Meta explains: two repeats, and it counts as one that may have left', () => {
    expect(judge(attempt, refused(131016, 500), at).row).toMatchObject({ next: 'queued', mayHaveLeft: true });
    expect(judge({ ...attempt, refusals: 1 }, refused(131016, 500), at).row).toMatchObject({
      next: 'queued',
    });
    expect(judge({ ...attempt, refusals: 2 }, refused(131016, 500), at).row).toMatchObject({
      next: 'failed',
    });
  });

  test('an unusable number: stopped, its message kept; whoever is owed a wamid is told', () => {
    expect(judge(attempt, refused(190, 401), at)).toMatchObject({
      row: { next: 'queued' },
      brake: { kind: 'stop number' },
    });
    expect(judge({ ...attempt, owed: true }, refused(190, 401), at)).toMatchObject({
      row: { next: 'failed' },
      brake: { kind: 'stop number' },
    });
  });

  test('no answer: unknown, never queued again by itself', () => {
    const { row } = judge(attempt, { kind: 'unknown', reason: 'the connection was reset' }, at);
    expect(row).toMatchObject({ next: 'unknown', mayHaveLeft: true, readyAt: 10_000, callEnded: true });
  });

  test('never left: queued again, and still withdrawable', () => {
    const { row } = judge(attempt, { kind: 'not sent', reason: 'the connection was refused' }, at);
    expect(row).toMatchObject({ next: 'queued', mayHaveLeft: false, refused: false });
    expect(row.readyAt).toBeGreaterThan(10_000);
  });
});
