// Reading contacts: one, or a page of them, the newest first.
import type { Context } from '../context.ts';
import { createCursor } from '../kernel/cursor.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { selectContact, selectContacts } from './contact-store.ts';
import type { Contact } from './conversation.ts';

export interface ContactPage {
  contacts: Contact[];
  nextCursor: string | null;
}

/** One contact; with a number, only if it is that number's. */
export interface FindContact {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string | undefined;
}

/** Throws `invalid_cursor` for a cursor that was altered or made with other filters. */
export async function readContactPage(
  ctx: Context,
  organisationId: OrganisationId,
  page: {
    filter: {
      phoneNumberId: string | undefined;
      /** Digits. */
      phone: string | undefined;
      search: string | undefined;
      labelId: string | undefined;
    };
    limit: number;
    cursor: string | undefined;
  },
): Promise<ContactPage> {
  const key = ctx.sealer.derive('cursor');
  const cursors = createCursor(key, { of: 'contacts', organisationId, ...page.filter });
  const after = page.cursor === undefined ? undefined : cursors.read(page.cursor);
  const rows = await selectContacts(ctx.db.reading, {
    ...page.filter,
    organisationId,
    after: after && { createdAt: after[0], id: after[1] },
    limit: page.limit + 1,
  });
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return {
    contacts: shown.map((row) => row.contact),
    nextCursor: more ? cursors.write([last.createdAt, last.contact.id]) : null,
  };
}

/** Throws `resource_not_found`. */
export async function readContact(ctx: Context, find: FindContact): Promise<Contact> {
  return (await selectContact(ctx.db.reading, find.organisationId, find)) ?? noContact(find.id);
}

export function noContact(id: string): never {
  const which = id.length > 40 ? 'with this id' : id;
  throw new KurirError('resource_not_found', `There is no contact ${which} in your organisation.`);
}
