// Migrations: numbered plain SQL, forward only, one transaction each, under an advisory lock so that nodes that start
// together do it once. The version row goes in first: whoever comes second collides there and waits.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Database } from './db.ts';

export interface Migrated {
  version: number;
  applied: string[];
}

/** Brings the schema to the newest version; refuses a schema that is newer than this program. */
export async function migrate(db: Database): Promise<Migrated> {
  const files = await migrationFiles();
  const newest = files.length;
  const applied: string[] = [];
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock(hashtext(current_schema() || $1))', ['kurir migrations']);
    await tx.query(
      'create table if not exists migrations (version integer primary key, name text not null, applied_at timestamptz not null default now())',
    );
    const rows = await tx.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from migrations',
    );
    const present = rows[0]?.version ?? 0;
    if (present > newest) {
      throw new Error(
        `The database is at version ${present}, this Kurir knows ${newest}: start a newer Kurir.`,
      );
    }
    for (const [i, name] of files.entries()) {
      if (i < present) continue;
      await tx.query('insert into migrations (version, name) values ($1, $2)', [i + 1, name]);
      await tx.query(await readFile(new URL(name, FOLDER), 'utf8'));
      applied.push(name);
    }
  });
  return { version: newest, applied };
}

/** Whether the schema is what this program expects. */
export async function isMigrated(db: Database): Promise<boolean> {
  const rows = await db.query<{ version: number }>(
    'select coalesce(max(version), 0)::int as version from migrations',
  );
  return rows[0]?.version === (await migrationFiles()).length;
}

const FOLDER = folder();

// In the repository this file is src/storage/migrate.ts, in the package dist/src/storage/migrate.js.
function folder(): URL {
  const up = import.meta.url.endsWith('.ts') ? '../../migrations/' : '../../../migrations/';
  return new URL(up, import.meta.url);
}

async function migrationFiles(): Promise<string[]> {
  const names = await readdir(fileURLToPath(FOLDER));
  return names.filter((name) => /^\d{4}-.+\.sql$/.test(name)).toSorted();
}
