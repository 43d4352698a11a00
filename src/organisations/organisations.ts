// Organisations: the tenants. Everything below belongs to one, and whoever is not it is told that there is no such thing.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import {
  insertOrganisation,
  lockFirstOnes,
  selectOrganisation,
  selectOrganisations,
  type Organisation,
} from './organisation-store.ts';
import { requireText } from './require-text.ts';

export type { Organisation } from './organisation-store.ts';

const PER_MINUTE_MAX = 1_000_000_000;

export interface NewOrganisation {
  name: string;
  /** Requests a minute; absent: what the installation's settings say. */
  writePerMinute?: number | undefined;
  readPerMinute?: number | undefined;
}

/** Makes an organisation, inside a transaction of the caller's if one is given. */
export async function createOrganisation(
  ctx: Context,
  input: NewOrganisation,
  db: Queryable = ctx.db,
): Promise<Organisation> {
  const now = ctx.clock.now();
  const organisation: Organisation = {
    id: newId('org', now),
    name: requireText(input.name, 'name', 100),
    writePerMinute: requireBudget(input.writePerMinute, 'write_per_minute'),
    readPerMinute: requireBudget(input.readPerMinute, 'read_per_minute'),
    createdAt: new Date(now),
  };
  await insertOrganisation(db, organisation);
  return organisation;
}

export function listOrganisations(ctx: Context): Promise<Organisation[]> {
  return selectOrganisations(ctx.db);
}

/**
 * The organisation that a command is for: the one it names; else the only one there is, made now if there is none yet.
 * Where there are several, the refusal says which.
 */
export async function ensureOnlyOrganisation(ctx: Context, named?: string): Promise<Organisation> {
  if (named !== undefined) return requireOrganisation(ctx.db, named);
  return ctx.db.transaction(async (tx) => {
    await lockFirstOnes(tx);
    const [only, ...others] = await selectOrganisations(tx);
    if (!only) return createOrganisation(ctx, { name: 'Default' }, tx);
    if (others.length === 0) return only;
    const which = [only, ...others].map((one) => `${one.id} (${one.name})`).join(', ');
    const message = `There are several organisations: say with --organisation which is meant: ${which}.`;
    throw new KurirError('missing_required_field', message, { param: 'organisation' });
  });
}

/** The organisation of this id; throws `resource_not_found`. */
export async function requireOrganisation(db: Queryable, id: string): Promise<Organisation> {
  const organisation = await selectOrganisation(db, id);
  if (organisation) return organisation;
  throw new KurirError('resource_not_found', `There is no organisation ${id}: check the id.`, {
    param: 'organisation',
  });
}

function requireBudget(perMinute: number | undefined, param: string): number | null {
  if (perMinute === undefined) return null;
  if (Number.isInteger(perMinute) && perMinute >= 1 && perMinute <= PER_MINUTE_MAX) return perMinute;
  const message = `${param} is not a whole number of requests from 1 to ${PER_MINUTE_MAX}.`;
  throw new KurirError('invalid_field_value', message, { param });
}
