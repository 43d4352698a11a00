// API keys: one key is one organisation, with all of its numbers. The key itself is told once, when it is made; after that
// there is only its hash.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId, type KeyId, type OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import { insertKey, selectKeys, updateKeyRevoked, type ApiKey } from './api-key-store.ts';
import { hashOfKey, newKeyText } from './key-text.ts';
import { requireOrganisation } from './organisations.ts';
import { requireText } from './require-text.ts';

export type { ApiKey } from './api-key-store.ts';

export interface NewKey {
  organisationId: OrganisationId;
  label: string;
  expiresAt?: Date | undefined;
}

export interface CreatedKey {
  id: KeyId;
  /** The whole key; it cannot be told again. */
  key: string;
  last4: string;
}

/** Makes a key, inside a transaction of the caller's if one is given. */
export async function createKey(ctx: Context, input: NewKey, db: Queryable = ctx.db): Promise<CreatedKey> {
  const label = requireText(input.label, 'label', 100);
  const now = ctx.clock.now();
  if (input.expiresAt && !(input.expiresAt.getTime() > now)) {
    const message = 'expires_at is not a moment in the future: give a later one, or none.';
    throw new KurirError('invalid_field_value', message, { param: 'expires_at' });
  }
  await requireOrganisation(db, input.organisationId);
  const key = newKeyText();
  const row: ApiKey = {
    id: newId('key', now),
    organisationId: input.organisationId,
    label,
    last4: key.slice(-4),
    createdAt: new Date(now),
    expiresAt: input.expiresAt ?? null,
    revokedAt: null,
  };
  await insertKey(db, row, hashOfKey(key));
  return { id: row.id, key, last4: row.last4 };
}

/** All keys of an organisation, the oldest first, the revoked among them. */
export function listKeys(ctx: Context, organisationId: OrganisationId): Promise<ApiKey[]> {
  return selectKeys(ctx.db, organisationId);
}

/** Revokes a key; it is refused on every node within 5 s. Revoking it again changes nothing. */
export async function revokeKey(
  ctx: Context,
  input: { organisationId: OrganisationId; id: string },
): Promise<ApiKey> {
  const revokedAt = new Date(ctx.clock.now());
  const key = await updateKeyRevoked(ctx.db, input.organisationId, { id: input.id, revokedAt });
  if (key) return key;
  const message = `There is no key ${input.id} in ${input.organisationId}: see which there are with "kurir keys list".`;
  throw new KurirError('resource_not_found', message);
}
