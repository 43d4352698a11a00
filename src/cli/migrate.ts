// `kurir migrate`: brings the schema to the newest version, as every start does; for those who want it done before one.
import { migrate as migrateSchema } from '../storage/migrate.ts';
import type { Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export async function migrate(terminal: Terminal): Promise<void> {
  const { version, applied } = await terminal.wait(
    'Migrating ...',
    withTables((ctx) => migrateSchema(ctx.db), { migrated: false, begins: true }),
  );
  terminal.result({ version, applied }, () =>
    applied.length === 0
      ? `The schema is at version ${version} already.`
      : `Applied ${applied.join(', ')}. The schema is at version ${version}.`,
  );
}
