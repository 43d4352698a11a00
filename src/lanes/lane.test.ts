import { describe, expect, test } from 'vitest';

import { createLane, slowRecipient, takePlace } from './lane.ts';

describe('a lane without a pace', () => {
  test('learns the pace of recipients from Meta', () => {
    const lane = createLane({ phoneNumberId: '1', organisationId: 'org_1', epoch: 1, pace: null }, 0);
    lane.due.clear();
    slowRecipient(lane, 'busy', { now: 0, ms: 6_000 });
    expect(takePlace(lane, 'busy', 5_999)).toBe(false);
    expect(takePlace(lane, 'other', 5_999)).toBe(true);
    expect(takePlace(lane, 'busy', 6_000)).toBe(true);
  });
});
