// Transactions whose statements are under way together.
import { expect, inject, onTestFinished, test } from 'vitest';

import { openDatabase, sqlState, type Database } from './db.ts';

function open(): Database {
  const db = openDatabase({ url: inject('databaseUrl'), connections: 2, onIdleError: () => undefined });
  onTestFinished(() => db.close());
  return db;
}

const DIVISION_BY_ZERO = '22012';

test('what is thrown is what went wrong, not what was lost with it, whichever was heard of first', async () => {
  const fault: unknown = await open()
    .hotTransaction(async (tx) => {
      const first = tx.query('select 1 / 0').catch(() => undefined);
      await tx.query('select 1');
      await first;
    })
    .catch((error: unknown) => error);
  expect(sqlState(fault)).toBe(DIVISION_BY_ZERO);
});

test('so it is of a last statement, which goes out with the commit', async () => {
  const fault: unknown = await open()
    .hotTransaction(async (tx) => tx.last('select 1 / 0', []))
    .catch((error: unknown) => error);
  expect(sqlState(fault)).toBe(DIVISION_BY_ZERO);
});

test('once it is rolled back nothing more of it is run: it would be committed by itself', async () => {
  const db = open();
  let slow: Promise<unknown> | undefined;
  const over = db.hotTransaction(async (tx) => {
    slow = tx.query('select 1').then(async () => {
      await expect(over).rejects.toThrow('division by zero');
      return tx.query('select 1');
    });
    await tx.query('select 1 / 0');
  });
  await expect(over).rejects.toThrow('division by zero');
  await expect(slow).rejects.toThrow('The transaction is over.');
});
