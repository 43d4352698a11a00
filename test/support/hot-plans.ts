// The plans of hot statements, as a connection of the gateway keeps them.
import type { House } from './house.ts';

/** The hot statements that a connection of the house has prepared, in the order of their names. */
export function preparedIn(house: House): Promise<{ name: string; parameters: number }[]> {
  return house.gateway.ctx.db.query(
    `select name, cardinality(parameter_types) as parameters from pg_prepared_statements where name not like 'test-%' order by name`,
    [],
    'test-prepared',
  );
}

/** Of the plan that the connection keeps for each: the way to every table. */
export async function plansOf(house: House): Promise<Map<string, string[]>> {
  const plans = new Map<string, string[]>();
  for (const { name, parameters } of await preparedIn(house)) {
    const rows = await house.gateway.ctx.db.query<{ 'QUERY PLAN': string }>(
      `explain (costs off) execute "${name}" (${Array(parameters).fill('null').join(', ')})`,
      [],
      `test-explain-${name}`,
    );
    const ways = rows.map((row) => row['QUERY PLAN'].trim());
    plans.set(
      name,
      ways.filter(
        (line) => /Scan .*on |Index Cond|Join/.test(line) && !/(Function|CTE|Subquery) Scan/.test(line),
      ),
    );
  }
  return plans;
}
