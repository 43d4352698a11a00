// Payloads of hints: PostgreSQL refuses one of 8000 bytes or more, and nothing may be left out.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { payloadsOf } from './hints.ts';

test('however many ids, every payload is one that NOTIFY takes, and each id is told once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000 }), (count) => {
      const ids = Array.from({ length: count }, (_, i) => `msg_${String(i).padStart(26, '0')}`);
      const payloads = payloadsOf('told', ids);
      for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
      expect(payloads.flatMap((payload) => payload.split(' ').slice(1))).toEqual(ids);
    }),
  );
});
