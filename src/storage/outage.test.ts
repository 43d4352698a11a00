// The watch over outages, with databases that are not there.
import { expect, inject, test } from 'vitest';

import { until } from '../../test/support/house.ts';
import { isOutage, openDatabase } from './db.ts';
import { freePort } from './free-port.ts';
import { createOutageWatch } from './outage.ts';

test('a statement that hangs is reason enough to ask: none has to end first', async () => {
  let cut: (() => void) | undefined;
  const watch = createOutageWatch({
    ping: () => Promise.reject(new Error('no answer')),
    cut: () => cut?.(),
    judge: () => 'suspect',
  });
  const hanging = watch
    .during(() => new Promise((_, reject) => (cut = () => reject(new Error('the connection was cut')))))
    .catch((error: Error) => error.message);
  await until('the outage', async () => watch.present()?.kind === 'away');
  expect(await hanging).toBe('the connection was cut');
  watch.stop();
});

test('while it is away, a statement fails at once: no connection is tried for it', async () => {
  const db = openDatabase({
    url: `postgres://127.0.0.1:${await freePort()}/nowhere`,
    connections: 2,
    onIdleError: () => undefined,
  });
  const told = (): Promise<unknown> => db.query('select 1').catch((error: Error) => error.message);
  expect(await told()).toBe('There is no connection to the database.');
  await until('the outage', async () => db.outage()?.kind === 'away');
  expect(await told()).toBe('The database is away.');
  await db.close();
});

test('a connection that breaks within a transaction, between its statements, is one of the database', async () => {
  const open = () =>
    openDatabase({ url: inject('databaseUrl'), connections: 1, onIdleError: () => undefined });
  const [db, other] = [open(), open()];
  const fault: unknown = await db
    .transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await other.query('select pg_terminate_backend($1)', [row?.pid]);
      await until('the connection to be broken', () =>
        tx.query('select 1').then(
          () => false,
          (error: Error) => error.message.includes('not queryable'),
        ),
      );
      await tx.query('select 1');
    })
    .catch((error: unknown) => error);
  expect(isOutage(fault)).toBe(true);
  await Promise.all([db.close(), other.close()]);
});
