// Reading conversations: one, or a page of them, the latest message first.
import type { Context } from '../context.ts';
import { createCursor } from '../kernel/cursor.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { selectConversation, selectConversations, selectNames } from './conversation-store.ts';
import type { Conversation, ConversationStatus } from './conversation.ts';

export interface ConversationPage {
  conversations: Conversation[];
  nextCursor: string | null;
}

/** Throws `invalid_cursor` for a cursor that was altered or made with other filters. */
export async function readConversationPage(
  ctx: Context,
  organisationId: OrganisationId,
  page: {
    filter: {
      phoneNumberId: string | undefined;
      status: ConversationStatus | undefined;
      /** Null: nobody's. */
      assignee: string | null | undefined;
      labelId: string | undefined;
      id: string | undefined;
    };
    limit: number;
    cursor: string | undefined;
  },
): Promise<ConversationPage> {
  const key = ctx.sealer.derive('cursor');
  const cursors = createCursor(key, { of: 'conversations', organisationId, ...page.filter });
  const after = page.cursor === undefined ? undefined : cursors.read(page.cursor);
  const rows = await selectConversations(ctx.db.reading, {
    ...page.filter,
    organisationId,
    after: after && { lastMessageAt: after[0], id: after[1] },
    limit: page.limit + 1,
  });
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return {
    conversations: shown.map((row) => row.conversation),
    nextCursor: more ? cursors.write([last.lastMessageAt, last.conversation.id]) : null,
  };
}

/** Throws `resource_not_found`. */
export async function readConversation(
  ctx: Context,
  organisationId: OrganisationId,
  find: { id: string; phoneNumberId: string | undefined },
): Promise<Conversation> {
  return (await selectConversation(ctx.db.reading, organisationId, find)) ?? noConversation(find.id);
}

/** The names that messages of a conversation were written under, and its number: most have one. */
export function namesOfConversation(
  ctx: Context,
  organisationId: OrganisationId,
  id: string,
): Promise<{ phoneNumberId: string; key: string }[]> {
  return selectNames(ctx.db.reading, organisationId, id);
}

export function noConversation(id: string): never {
  const which = id.length > 40 ? 'with this id' : id;
  throw new KurirError('resource_not_found', `There is no conversation ${which} in your organisation.`);
}
