// Whether anything is sealed in PostgreSQL: asked before the schema is brought up to date, so of tables that may not be there.
import type { Queryable } from '../storage/db.ts';

export async function selectAnySealed(db: Queryable): Promise<boolean> {
  const [tables] = await db.query<{ there: boolean }>(
    `select to_regclass('apps') is not null and to_regclass('numbers') is not null as there`,
  );
  if (!tables?.there) return false;
  const [row] = await db.query<{ sealed: boolean }>(
    `select exists (select from apps) or exists (select from numbers) as sealed`,
  );
  return row?.sealed === true;
}
