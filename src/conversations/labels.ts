// Labels: what an organisation calls its contacts and conversations.
import type { Context } from '../context.ts';
import { createCursor } from '../kernel/cursor.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId, type OrganisationId } from '../kernel/ids.ts';
import type { Label, LabelColor } from './conversation.ts';
import { deleteLabel, insertLabel, selectLabel, selectLabels, updateLabel } from './label-store.ts';

/** A page of labels by name; throws `invalid_cursor`. */
export async function readLabelPage(
  ctx: Context,
  organisationId: OrganisationId,
  page: { limit: number; cursor: string | undefined },
): Promise<{ labels: Label[]; nextCursor: string | null }> {
  const cursors = createCursor(ctx.sealer.derive('cursor'), { of: 'labels', organisationId });
  const after = page.cursor === undefined ? undefined : cursors.read(page.cursor)[0];
  const found = await selectLabels(ctx.db.reading, organisationId, { after, limit: page.limit + 1 });
  const labels = found.slice(0, page.limit);
  const last = labels.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { labels, nextCursor: more ? cursors.write([last.name, last.id]) : null };
}

/** Throws `resource_not_found`. */
export async function readLabel(ctx: Context, organisationId: OrganisationId, id: string): Promise<Label> {
  return (await selectLabel(ctx.db.reading, organisationId, id)) ?? noLabel(id);
}

/** Throws `invalid_field_value` where the name is taken. */
export async function createLabel(
  ctx: Context,
  organisationId: OrganisationId,
  label: { name: string; color: LabelColor },
): Promise<Label> {
  const now = ctx.clock.now();
  const made = await insertLabel(ctx.db, organisationId, { ...label, id: newId('lbl', now), now });
  return made ?? nameTaken();
}

/** What is undefined stays; throws `resource_not_found`, or `invalid_field_value` where the name is taken. */
export async function changeLabel(
  ctx: Context,
  organisationId: OrganisationId,
  change: { id: string; name: string | undefined; color: LabelColor | undefined },
): Promise<Label> {
  const update = await updateLabel(ctx.db, organisationId, { ...change, now: ctx.clock.now() });
  switch (update.kind) {
    case 'updated':
      return update.label;
    case 'absent':
      return noLabel(change.id);
    case 'name taken':
      return nameTaken();
  }
}

/** It goes from whatever it is on; throws `resource_not_found`. */
export async function removeLabel(ctx: Context, organisationId: OrganisationId, id: string): Promise<void> {
  if (!(await deleteLabel(ctx.db, organisationId, id))) noLabel(id);
}

/** @param param where the body named it */
export function noLabel(id: string, param?: string): never {
  const which = id.length > 40 ? 'with this id' : id;
  throw new KurirError(
    'resource_not_found',
    `There is no label ${which} in your organisation.`,
    param === undefined ? {} : { param },
  );
}

function nameTaken(): never {
  throw new KurirError('invalid_field_value', 'There is a label of this name already.', { param: 'name' });
}
