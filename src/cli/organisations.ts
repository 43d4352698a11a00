// `kurir organisations`: the tenants of an installation. Each has numbers and keys of its own, and nothing of another's.
import { createOrganisation, listOrganisations } from '../organisations/organisations.ts';
import { shownTime, table, visible, type Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export async function createOrganisationCommand(
  terminal: Terminal,
  options: { name: string },
): Promise<void> {
  const made = await withTables((ctx) => createOrganisation(ctx, options), { begins: true });
  terminal.result(
    made,
    () =>
      `${made.id} (${visible(made.name)}) is made. Next: kurir keys create --label <text> --organisation ${made.id}`,
  );
}

export async function listOrganisationsCommand(terminal: Terminal): Promise<void> {
  const all = await withTables(listOrganisations);
  const rows = all.map((one) => [one.id, one.name, shownTime(one.createdAt)]);
  terminal.result({ data: all }, () =>
    all.length === 0
      ? 'There are no organisations yet: the first key or number makes one, or kurir organisations create'
      : table(terminal.style, ['ID', 'NAME', 'CREATED'], rows),
  );
}
