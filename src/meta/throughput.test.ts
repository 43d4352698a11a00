// What Meta says of a number's throughput, in messages a second.
import { expect, test } from 'vitest';

import { readThroughput } from './throughput.ts';

test.each([
  [{ throughput: { level: 'STANDARD' } }, 80],
  [{ throughput: { level: 'HIGH' }, is_on_biz_app: false }, 1_000],
  [{ throughput: { level: 'STANDARD' }, is_on_biz_app: true }, 20],
  [{ throughput: { level: 'NOT_APPLICABLE' } }, undefined],
  [{ throughput: { level: 'HIGHER STILL' } }, undefined],
  [{ throughput: 'HIGH' }, undefined],
  [{}, undefined],
])('%j', (node, perSecond) => {
  expect(readThroughput(node)).toBe(perSecond);
});
