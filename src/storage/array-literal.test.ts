import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { arrayLiteral } from './array-literal.ts';

const client = new pg.Client({ connectionString: inject('databaseUrl') });
beforeAll(() => client.connect());
afterAll(() => client.end());

async function back(values: readonly unknown[], type: string): Promise<unknown> {
  const { rows } = await client.query<{ all: unknown }>(`select $1::${type} as all`, [arrayLiteral(values)]);
  return rows[0]?.all;
}

describe('an array literal', () => {
  it('is read by PostgreSQL as the texts it was made of', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\0', '').toWellFormed()),
      fc.constantFrom('', 'NULL', 'null', '{}', ',', '"', '\\', '\\"', ' a ', '\n\t'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text)), async (values) => {
        expect(await back(values, 'text[]')).toEqual(values);
      }),
    );
  });

  it('takes numbers and booleans', async () => {
    expect(await back([1.5, -0.25, 1e21, null, 3], 'float8[]')).toEqual([1.5, -0.25, 1e21, null, 3]);
    expect(await back([true, false, null], 'boolean[]')).toEqual([true, false, null]);
  });

  it('leaves to the driver what it does not know', () => {
    for (const other of [new Date(), Buffer.from('x'), ['a'], { a: 1 }])
      expect(arrayLiteral(['a', other])).toBeUndefined();
  });
});
