// GET /v1/{phone_number_id}/conversations and GET /v1/conversations: conversations by page, the latest message first.
import { ASSIGNEE_CHARACTERS_MAX, CONVERSATION_STATUSES } from '../../conversations/conversation.ts';
import { readConversationPage } from '../../conversations/read-conversations.ts';
import { conversationResource } from '../../conversations/resources.ts';
import { isId } from '../../kernel/ids.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { labelOf, limitOf, oneOf, pageAnswer, refused, requireKnownParameters } from './list-query.ts';

export const listConversations: Endpoint = {
  method: 'GET',
  path: '/:phone_number_id/conversations',
  summary: 'List the conversations of a number.',
  budget: 'mount',
  handle: async (call) => page(call, (await requireNumber(call)).phoneNumberId),
};

export const listAllConversations: Endpoint = {
  method: 'GET',
  path: '/conversations',
  summary: 'List the conversations of all numbers.',
  budget: 'mount',
  handle: (call) => page(call, undefined),
};

async function page(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  requireKnownParameters(call, ['status', 'contact_id', 'assigned_to', 'label_id']);
  const { ctx, numbers } = call.rooms;
  const { organisationId } = call.caller;
  const contactId = call.query['contact_id'];
  if (contactId !== undefined && !isId('ctc', contactId))
    throw refused('contact_id', 'contact_id must be the id of a contact: ctc_ and 26 characters.');
  const { conversations, nextCursor } = await readConversationPage(ctx, organisationId, {
    filter: {
      phoneNumberId,
      status: oneOf(call, 'status', CONVERSATION_STATUSES),
      assignee: assigneeOf(call),
      labelId: labelOf(call),
      // A contact and the conversation with it have one hash.
      id: contactId?.replace('ctc_', 'cnv_'),
    },
    limit: limitOf(call),
    cursor: call.query['cursor'],
  });
  const phones = await Promise.all(
    conversations.map((one) => numbers.findNumber(organisationId, one.phoneNumberId)),
  );
  const now = ctx.clock.now();
  const data = conversations.map((one, i) => conversationResource(one, phones[i]?.phone ?? '', now));
  return pageAnswer(call, data, nextCursor);
}

function assigneeOf(call: Call): string | null | undefined {
  const { assigned_to: assignee } = call.query;
  if (assignee === undefined) return undefined;
  if (assignee === '' || [...assignee].length > ASSIGNEE_CHARACTERS_MAX)
    throw refused(
      'assigned_to',
      `assigned_to must have 1 to ${ASSIGNEE_CHARACTERS_MAX} characters, or be none: nobody's.`,
    );
  return assignee === 'none' ? null : assignee;
}
