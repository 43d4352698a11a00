// Rows that share a statement, and one among them that PostgreSQL cannot take.
import { expect, test } from 'vitest';

import { createGroupCommit } from './group-commit.ts';

class Refusal extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

test('a row that cannot be stored does not take its neighbours with it', async () => {
  const commit = createGroupCommit<number, number>({
    write: async (rows) => {
      if (rows.includes(3)) throw new Refusal('22P02');
      return rows.map((row) => row * 10);
    },
    maxRows: 500,
  });
  const written = await Promise.allSettled([1, 2, 3, 4, 5].map((row) => commit.add(row)));
  expect(written.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual([
    10,
    20,
    'refused',
    40,
    50,
  ]);
});

test('a statement that another one deadlocked is made again', async () => {
  let deadlocks = 2;
  const commit = createGroupCommit<number, number>({
    write: async (rows) => {
      if (deadlocks-- > 0) throw new Refusal('40P01');
      return rows;
    },
    maxRows: 500,
  });
  expect(await commit.add(7)).toBe(7);
});
