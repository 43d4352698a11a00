// Reading messages: one, or a page of them. A cursor is bound to the filters it was made with and sealed against change.
import type { Context } from '../context.ts';
import { namesOfConversation } from '../conversations/read-conversations.ts';
import { KurirError } from '../kernel/errors.ts';
import { createCursor } from '../kernel/cursor.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import {
  findMessage,
  listAmendments,
  listAttempts,
  listMessages,
  type AttemptRecord,
  type ListFilter,
} from './message-store.ts';
import type { Direction, Message, WireStatus } from './message.ts';

export type { AttemptRecord } from './message-store.ts';

export interface MessageFilter {
  phoneNumberId: string | undefined;
  direction: Direction | undefined;
  /** Written to this recipient, or by it. */
  conversation: string | undefined;
  conversationId: string | undefined;
  status: WireStatus | undefined;
  wamid: string | undefined;
  createdAfter: Date | undefined;
  createdBefore: Date | undefined;
}

/** What became of a message after it was written: the latest edit, and that it was taken back. Its own row stays as it is. */
export interface Amended {
  edit: JsonObject;
  editedAt: Date | null;
  revokedAt: Date | null;
}

export interface MessagePage {
  messages: { message: Message; amended: Amended | undefined }[];
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
    ...(await conversationAsked(ctx, organisationId, filter)),
    organisationId,
    states: status === undefined ? undefined : STATES[status],
    after: after === undefined ? undefined : { createdAt: after[0], id: after[1] },
    limit: page.limit + 1,
  });
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  const messages = shown.map((row) => row.message);
  const amended = await readAmended(ctx, organisationId, messages);
  return {
    messages: messages.map((message) => ({ message, amended: amended.get(message.id) })),
    nextCursor: more ? cursors.write([last.createdAt, last.message.id]) : null,
  };
}

// A conversation's messages are of one number, and may stand under several names of one customer.
async function conversationAsked(
  ctx: Context,
  organisationId: OrganisationId,
  { phoneNumberId, conversation, conversationId }: Omit<MessageFilter, 'status'>,
): Promise<Pick<ListFilter, 'phoneNumberId' | 'conversations'>> {
  if (conversationId === undefined)
    return { phoneNumberId, conversations: conversation === undefined ? undefined : [conversation] };
  const names = (await namesOfConversation(ctx, organisationId, conversationId)).filter(
    (one) =>
      one.phoneNumberId === (phoneNumberId ?? one.phoneNumberId) && one.key === (conversation ?? one.key),
  );
  return { phoneNumberId: names[0]?.phoneNumberId, conversations: names.map(({ key }) => key) };
}

/** One message with its attempts; throws `resource_not_found`. */
export async function readMessage(
  ctx: Context,
  organisationId: OrganisationId,
  find: { id: string; phoneNumberId?: string },
): Promise<{ message: Message; amended: Amended | undefined; attempts: AttemptRecord[] }> {
  const message = await findMessage(ctx.db.reading, organisationId, find);
  if (!message) throw new KurirError('resource_not_found', notFound(find.id));
  const amended = await readAmended(ctx, organisationId, [message]);
  const attempts = await listAttempts(ctx.db.reading, organisationId, message.id);
  return { message, amended: amended.get(message.id), attempts };
}

async function readAmended(
  ctx: Context,
  organisationId: OrganisationId,
  messages: readonly Message[],
): Promise<Map<string, Amended>> {
  const ids = new Map<string, string>();
  const originals = messages.flatMap(({ id, phoneNumberId, wamid }) => {
    if (wamid === null) return [];
    ids.set(`${phoneNumberId} ${wamid}`, id);
    return [{ phoneNumberId, wamid }];
  });
  const amended = new Map<string, Amended>();
  if (originals.length === 0) return amended;
  for (const { phoneNumberId, original, ...made } of await listAmendments(
    ctx.db.reading,
    organisationId,
    originals,
  )) {
    const id = ids.get(`${phoneNumberId} ${original}`);
    if (id === undefined) continue;
    const before = amended.get(id) ?? { edit: {}, editedAt: null, revokedAt: null };
    const edit = isObject(made.body) ? made.body['edit'] : undefined;
    if (made.type === 'revoke') amended.set(id, { ...before, revokedAt: before.revokedAt ?? made.createdAt });
    else amended.set(id, { ...before, editedAt: made.createdAt, edit: isObject(edit) ? edit : {} });
  }
  return amended;
}

function notFound(id: string): string {
  if (id.startsWith('wamid.'))
    return 'Messages are named by msg_… here: look a wamid up in the list, with ?message_id=….';
  return id.length > 40 ? 'There is no message with this id.' : `There is no message ${id} of this number.`;
}
