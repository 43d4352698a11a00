// Shares: wherever the lanes are at first, they come to rest evenly, and rest.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { shareOf, surplusOf } from './share.ts';

test('alone, a node owns everything', () => {
  expect(shareOf(1_000, 0)).toBe(Infinity);
  expect(surplusOf(1_000, shareOf(1_000, 0))).toBe(0);
});

test('from any start every node ends within its share, nothing stays free, and then nothing moves', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { minLength: 2, maxLength: 6 }), fc.nat(300), (start, unowned) => {
      const lanes = start.reduce((sum, owned) => sum + owned, unowned);
      const share = shareOf(lanes, start.length - 1);
      const owned = [...start];
      let free = unowned;
      const round = (): number => {
        let moved = 0;
        for (const [i, mine] of owned.entries()) {
          const taken = Math.min(free, Math.max(0, share - mine));
          const given = surplusOf(mine, share);
          owned[i] = mine + taken - given;
          free += given - taken;
          moved += given + taken;
        }
        return moved;
      };
      for (let beats = 0; beats < 100 && round() > 0; beats++);
      expect(round()).toBe(0);
      expect(free).toBe(0);
      expect(Math.max(...owned)).toBeLessThanOrEqual(share);
    }),
  );
});
