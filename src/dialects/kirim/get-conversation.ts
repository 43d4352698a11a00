// GET /v1/{phone_number_id}/conversations/{id} and GET /v1/conversations/{id}: one conversation.
import type { Conversation } from '../../conversations/conversation.ts';
import { readConversation } from '../../conversations/read-conversations.ts';
import { conversationResource } from '../../conversations/resources.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';

export const getConversation: Endpoint = {
  method: 'GET',
  path: '/:phone_number_id/conversations/:id',
  summary: 'Show one conversation of a number.',
  budget: 'mount',
  handle: async (call) => show(call, (await requireNumber(call)).phoneNumberId),
};

export const getFlatConversation: Endpoint = {
  method: 'GET',
  path: '/conversations/:id',
  summary: 'Show one conversation of any number.',
  budget: 'mount',
  handle: (call) => show(call, undefined),
};

async function show(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  const { organisationId } = call.caller;
  const id = call.params['id'] ?? '';
  return answer(call, await readConversation(call.rooms.ctx, organisationId, { id, phoneNumberId }));
}

/** The conversation as the answer. */
export async function answer(call: Call, conversation: Conversation): Promise<Answer> {
  const { ctx, numbers } = call.rooms;
  const number = await numbers.findNumber(call.caller.organisationId, conversation.phoneNumberId);
  const data = conversationResource(conversation, number?.phone ?? '', ctx.clock.now());
  return { status: 200, body: { data, request_id: call.requestId } };
}
