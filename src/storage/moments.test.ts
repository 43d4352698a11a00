// Moments go into the database as milliseconds since the epoch, and come back as numbers or as Dates. Rows are found again by them: none
// may be off by a microsecond.
import fc from 'fast-check';
import { expect, inject, test } from 'vitest';

import { seedOfRun } from '../../test/support/seed-of-run.ts';
import { openDatabase } from './db.ts';

const FIRST = Date.UTC(2020, 0, 1);
const LAST = Date.UTC(2100, 11, 31);

const WAYS = `
select at, to_timestamp(at / 1000) as date, (extract(epoch from to_timestamp(at / 1000)) * 1000)::float8 as number,
  to_timestamp(at / 1000) = 'epoch'::timestamptz + at::bigint * interval '1 millisecond'
    and to_timestamp(at::bigint / 1000.0) = to_timestamp(at / 1000) as same
from unnest($1::float8[]) at`;

test('any millisecond of the years 2020 to 2100 comes back as it went in, whichever way', async () => {
  const db = openDatabase({ url: inject('databaseUrl'), connections: 1, onIdleError: () => undefined });
  const moments = fc.array(fc.integer({ min: FIRST, max: LAST }), { minLength: 5_000, maxLength: 5_000 });
  try {
    await fc.assert(
      fc.asyncProperty(moments, async (given) => {
        const rows = await db.query<{ at: number; date: Date; number: number; same: boolean }>(WAYS, [given]);
        const again = await db.query<{ same: boolean }>(
          'select bool_and(to_timestamp(a / 1000) = d) as same from unnest($1::float8[], $2::timestamptz[]) as t (a, d)',
          [given, rows.map((row) => row.date.toISOString())],
        );
        expect(rows.map((row) => row.at)).toEqual(given);
        expect(
          rows.filter((row) => row.date.getTime() !== row.at || row.number !== row.at || !row.same),
        ).toEqual([]);
        expect(again).toEqual([{ same: true }]);
      }),
      { seed: seedOfRun('moments'), numRuns: 20 },
    );
  } finally {
    await db.close();
  }
});
