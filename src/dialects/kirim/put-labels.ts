// POST …/contacts/{id}/labels, DELETE …/contacts/{id}/labels/{label_id}, the same of conversations, and POST …/contacts/bulk_label.
import { Type } from 'typebox';

import { putContactLabel, putContactLabels, putConversationLabel } from '../../conversations/put-label.ts';
import type { Answer, Call, Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { bothPaths } from './both-paths.ts';

const ONE = Type.Object({ label_id: Type.String() }, { additionalProperties: false });
const MANY = Type.Object(
  {
    contact_ids: Type.Array(Type.String(), { minItems: 1, maxItems: 1_000 }),
    label_id: Type.String(),
    operation: Type.Union([Type.Literal('attach'), Type.Literal('detach')]),
  },
  { additionalProperties: false },
);

export const putLabelEndpoints: Endpoint[] = [
  ...putting('contact', (call, put) =>
    putContactLabel(call.rooms.ctx, call.rooms, { ...put, contactId: put.id }),
  ),
  ...putting('conversation', (call, put) =>
    putConversationLabel(call.rooms.ctx, { ...put, conversationId: put.id }),
  ),
  ...bothPaths(
    {
      method: 'POST',
      path: '/contacts/bulk_label',
      summary: 'Put a label on many contacts, or take it off.',
    },
    async (call, phoneNumberId) => {
      const body = readBody(call, MANY);
      const { applied, unknown, ofOtherNumbers } = await putContactLabels(call.rooms.ctx, call.rooms, {
        organisationId: call.caller.organisationId,
        phoneNumberId,
        contactIds: body.contact_ids,
        labelId: body.label_id,
        on: body.operation === 'attach',
      });
      const data = { applied, skipped_cross_org: unknown, skipped_team_mismatch: ofOtherNumbers };
      return { status: 200, body: { data, request_id: call.requestId } };
    },
  ),
];

type Put = Parameters<typeof putConversationLabel>[1];

function putting(
  what: 'contact' | 'conversation',
  put: (call: Call, put: Omit<Put, 'conversationId'> & { id: string }) => Promise<void>,
): Endpoint[] {
  const answer = async (
    call: Call,
    about: Pick<Put, 'phoneNumberId' | 'labelId' | 'on'>,
  ): Promise<Answer> => {
    const id = call.params['id'] ?? '';
    await put(call, { ...about, id, organisationId: call.caller.organisationId });
    const data = { [`${what}_id`]: id, label_id: about.labelId, attached: about.on };
    return { status: 200, body: { data, request_id: call.requestId } };
  };
  return [
    ...bothPaths(
      { method: 'POST', path: `/${what}s/:id/labels`, summary: `Put a label on a ${what}.` },
      async (call, phoneNumberId) =>
        answer(call, { phoneNumberId, labelId: readBody(call, ONE).label_id, on: true }),
    ),
    ...bothPaths(
      {
        method: 'DELETE',
        path: `/${what}s/:id/labels/:label_id`,
        summary: `Take a label off a ${what}.`,
      },
      async (call, phoneNumberId) =>
        answer(call, { phoneNumberId, labelId: call.params['label_id'] ?? '', on: false }),
    ),
  ];
}
