// The shares of the lines: in the order of their weights, whatever is queued, and none starves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { OrganisationId } from '../kernel/ids.ts';
import type { Ready } from './dispatch-store.ts';
import { createTurns, WEIGHTS } from './next-turn.ts';

const LINES = ['high', 'waited for', 'normal', 'bulk'];

function row(line: number, i = 0): Ready {
  const organisationId: OrganisationId = 'org_tests';
  const of = { organisationId, phoneNumberId: '1', conversation: `${line}/${i}`, owed: false };
  return { ...of, id: `${line}/${String(i).padStart(6, '0')}`, line, readyAt: i };
}

/** How many turns each line gets of so many, when those that are named never run dry. */
function shares(lines: readonly number[], count: number): number[] {
  const turns = createTurns();
  const got = LINES.map(() => 0);
  for (const line of lines) turns.put(row(line));
  for (let i = 0; i < count; i++) {
    const next = turns.next();
    if (!next) break;
    got[next.line] = (got[next.line] ?? 0) + 1;
    turns.put(row(next.line));
  }
  return got;
}

describe('turns', () => {
  test('with everything queued: 16 for high, 8 for who waits, 4 for normal, 1 for bulk, of each 29', () => {
    expect(shares([0, 1, 2, 3], 29)).toEqual([16, 8, 4, 1]);
    expect(shares([0, 1, 2, 3], 2_900)).toEqual([1_600, 800, 400, 100]);
  });

  test('of any lines that have something, each has its share after every single turn, to within one', () => {
    const some = fc.subarray([0, 1, 2, 3], { minLength: 1 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 400 }), (lines, count) => {
        const sum = lines.reduce((total, line) => total + (WEIGHTS[line] ?? 0), 0);
        const got = shares(lines, count);
        for (const line of lines)
          expect(Math.abs((got[line] ?? 0) - (count * (WEIGHTS[line] ?? 0)) / sum)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('a line that had nothing for long does not make up for it', () => {
    const turns = createTurns();
    for (let i = 0; i < 1_000; i++) turns.put(row(3, i));
    for (let i = 0; i < 500; i++) turns.next();
    for (let i = 0; i < 100; i++) turns.put(row(2, i));
    const lines = Array.from({ length: 10 }, () => turns.next()?.line);
    expect(lines.filter((line) => line === 3)).toHaveLength(2);
  });

  test('within a line the order is kept', () => {
    const turns = createTurns();
    for (let i = 0; i < 60; i++) turns.put(row(i % 4, i));
    const ids = Array.from({ length: 60 }, () => turns.next()?.id ?? '');
    for (const line of ['0', '1', '2', '3']) {
      const own = ids.filter((id) => id.startsWith(line));
      expect(own).toEqual(own.toSorted());
    }
    expect(turns.next()).toBeUndefined();
  });
});
