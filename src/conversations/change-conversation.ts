// Changing a conversation: whose it is, and whether anything is left to do. Told in the same transaction: resolved is `conversation.closed`,
// no longer so `conversation.reopened`, another assignee `conversation.assigned`.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { ConversationEvent } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { lockConversation, selectConversation, updateConversation } from './conversation-store.ts';
import type { Conversation, ConversationStatus } from './conversation.ts';
import { noConversation } from './read-conversations.ts';
import { conversationEvent } from './tell-conversation.ts';

export interface ConversationChange {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string | undefined;
  status?: ConversationStatus | undefined;
  /** Null: nobody. */
  assignedTo?: string | null | undefined;
}

export interface ChangeParts {
  teller: Teller;
  numbers: Pick<NumberDirectory, 'findNumber'>;
}

/** Returns the conversation as it is then; throws `resource_not_found`. */
export async function changeConversation(
  ctx: Context,
  parts: ChangeParts,
  change: ConversationChange,
): Promise<Conversation> {
  const { organisationId, id } = change;
  return writeAndTell({ db: ctx.db, teller: parts.teller }, async (tx) => {
    await lockConversation(tx, organisationId, id);
    const before = (await selectConversation(tx, organisationId, change)) ?? noConversation(id);
    const status = change.status ?? before.status;
    const assignee = change.assignedTo === undefined ? before.assignee : change.assignedTo;
    if (status === before.status && assignee === before.assignee) return { result: before, events: [] };
    const now = ctx.clock.now();
    await updateConversation(tx, organisationId, { id, status, assignee, now });
    const present = { ...before, status, assignee, updatedAt: new Date(now) };
    const number = await parts.numbers.findNumber(organisationId, before.phoneNumberId);
    const events = number ? eventsOf(change, { before, after: present, number, now }) : [];
    return { result: present, events };
  });
}

function eventsOf(
  { organisationId }: ConversationChange,
  about: { before: Conversation; after: Conversation; number: BusinessNumber; now: number },
): ConversationEvent[] {
  const { before, after, number, now } = about;
  const event = (
    type: ConversationEvent['type'],
    more: Pick<ConversationEvent, 'assignedTo' | 'assignedBefore'> = {},
  ): ConversationEvent => conversationEvent(after, { organisationId, number, now, type, ...more });
  const assigned = { assignedTo: after.assignee, assignedBefore: before.assignee };
  return [
    ...(after.assignee === before.assignee ? [] : [event('conversation.assigned', assigned)]),
    ...(after.status === 'resolved' && before.status !== 'resolved' ? [event('conversation.closed')] : []),
    ...(after.status !== 'resolved' && before.status === 'resolved' ? [event('conversation.reopened')] : []),
  ];
}
