// PATCH /v1/{phone_number_id}/conversations/{id} and PATCH /v1/conversations/{id}: whose it is, and whether anything is left to do.
import { Type } from 'typebox';

import { changeConversation } from '../../conversations/change-conversation.ts';
import { ASSIGNEE_CHARACTERS_MAX, CONVERSATION_STATUSES } from '../../conversations/conversation.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { answer } from './get-conversation.ts';
import { refused } from './list-query.ts';

export const patchConversation: Endpoint = {
  method: 'PATCH',
  path: '/:phone_number_id/conversations/:id',
  summary: 'Change the status or the assignee of a conversation of a number.',
  budget: 'mount',
  handle: async (call) => change(call, (await requireNumber(call)).phoneNumberId),
};

export const patchFlatConversation: Endpoint = {
  method: 'PATCH',
  path: '/conversations/:id',
  summary: 'Change the status or the assignee of a conversation of any number.',
  budget: 'mount',
  handle: (call) => change(call, undefined),
};

const BODY = Type.Object(
  {
    status: Type.Optional(Type.Union(CONVERSATION_STATUSES.map((status) => Type.Literal(status)))),
    assigned_to: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: ASSIGNEE_CHARACTERS_MAX }), Type.Null()], {
        description: 'An id of the application’s own; null: nobody.',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);

async function change(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  const body = readBody(call, BODY);
  // In the list, `assigned_to=none` asks for nobody's: whoever is called so could not be asked for.
  if (body.assigned_to === 'none')
    throw refused(
      'assigned_to',
      'assigned_to must not be none, which is nobody in the list: send null for nobody.',
    );
  const { ctx, numbers, teller } = call.rooms;
  const parts = { teller, numbers };
  const conversation = await changeConversation(ctx, parts, {
    organisationId: call.caller.organisationId,
    id: call.params['id'] ?? '',
    phoneNumberId,
    status: body.status,
    assignedTo: body.assigned_to,
  });
  return answer(call, conversation);
}
