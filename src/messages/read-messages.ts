// Reading messages: one, or a page of them. A cursor is bound to the filters it was made with and sealed against change.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { createCursor } from '../kernel/cursor.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { findMessage, listAttempts, listMessages, type AttemptRecord } from './message-store.ts';
import type { Direction, Message, WireStatus } from './message.ts';

export type { AttemptRecord } from './message-store.ts';

export interface MessageFilter {
  phoneNumberId: string | undefined;
  direction: Direction | undefined;
  conversation: string | undefined;
  status: WireStatus | undefined;
  wamid: string | undefined;
  createdAfter: Date | undefined;
  createdBefore: Date | undefined;
}

export interface MessagePage {
  messages: Message[];
  nextCursor: string | null;
}

const STATES: Record<WireStatus, string[]> = {
  queued: ['queued'],
  pending: ['pending', 'intended', 'unknown'],
  sent: ['sent'],
  delivered: ['delivered'],
  read: ['read'],
  failed: ['failed'],
};

/** A page, newest first; throws `invalid_cursor` for a cursor that was altered or made with other filters. */
export async function readMessagePage(
  ctx: Context,
  organisationId: OrganisationId,
  page: { filter: MessageFilter; limit: number; cursor: string | undefined },
): Promise<MessagePage> {
  const cursors = createCursor(ctx.sealer.derive('cursor'), { organisationId, ...page.filter });
  const after = page.cursor === undefined ? undefined : cursors.read(page.cursor);
  const { status, ...filter } = page.filter;
  const rows = await listMessages(ctx.db.reading, {
    ...filter,
    organisationId,
    states: status === undefined ? undefined : STATES[status],
    after: after === undefined ? undefined : { createdAt: after[0], id: after[1] },
    limit: page.limit + 1,
  });
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return {
    messages: shown.map((row) => row.message),
    nextCursor: more ? cursors.write([last.createdAt, last.message.id]) : null,
  };
}

/** One message with its attempts; throws `resource_not_found`. */
export async function readMessage(
  ctx: Context,
  organisationId: OrganisationId,
  find: { id: string; phoneNumberId?: string },
): Promise<{ message: Message; attempts: AttemptRecord[] }> {
  const message = await findMessage(ctx.db.reading, organisationId, find);
  if (!message) throw new KurirError('resource_not_found', notFound(find.id));
  return { message, attempts: await listAttempts(ctx.db.reading, organisationId, message.id) };
}

function notFound(id: string): string {
  if (id.startsWith('wamid.'))
    return 'Messages are named by msg_… here: look a wamid up in the list, with ?message_id=….';
  return id.length > 40 ? 'There is no message with this id.' : `There is no message ${id} of this number.`;
}
