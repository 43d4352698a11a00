// `kurir keys`: API keys of an organisation. A key is shown once, when it is made.
import type { Context } from '../context.ts';
import { createKey, listKeys, revokeKey } from '../organisations/api-keys.ts';
import { ensureOnlyOrganisation } from '../organisations/organisations.ts';
import { instantFrom } from './read-options.ts';
import { shownTime, table, type Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export interface OfOrganisation {
  organisation?: string;
}

export interface CreateKeyOptions extends OfOrganisation {
  label: string;
  expires?: string;
}

export async function createKeyCommand(terminal: Terminal, options: CreateKeyOptions): Promise<void> {
  const expiresAt = options.expires === undefined ? undefined : instantFrom('--expires', options.expires);
  const create = async (ctx: Context) => {
    const { id: organisationId } = await ensureOnlyOrganisation(ctx, options.organisation);
    return { organisationId, ...(await createKey(ctx, { organisationId, label: options.label, expiresAt })) };
  };
  const made = await withTables(create, { begins: true });
  terminal.result(made, () => `${made.key}\n\nKeep it: it cannot be shown again. Its id is ${made.id}.`);
}

export async function listKeysCommand(terminal: Terminal, options: OfOrganisation): Promise<void> {
  const keys = await withTables(async (ctx) =>
    listKeys(ctx, (await ensureOnlyOrganisation(ctx, options.organisation)).id),
  );
  const rows = keys.map((key) => [
    key.id,
    key.label,
    `…${key.last4}`,
    shownTime(key.createdAt),
    shownTime(key.expiresAt),
    shownTime(key.revokedAt),
  ]);
  terminal.result({ data: keys }, () =>
    keys.length === 0
      ? 'There are no keys yet: kurir keys create'
      : table(terminal.style, ['ID', 'LABEL', 'KEY', 'CREATED', 'EXPIRES', 'REVOKED'], rows),
  );
}

export async function revokeKeyCommand(
  terminal: Terminal,
  id: string,
  options: OfOrganisation,
): Promise<void> {
  const key = await withTables(async (ctx) => {
    const { id: organisationId } = await ensureOnlyOrganisation(ctx, options.organisation);
    return revokeKey(ctx, { organisationId, id });
  });
  terminal.result(key, () => `${key.id} (${key.label}) is revoked; every node refuses it within 5 s.`);
}
