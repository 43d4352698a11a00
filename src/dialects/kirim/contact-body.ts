// What the body of a contact may hold, and a contact as the answer.
import { Type } from 'typebox';

import type { Contact } from '../../conversations/conversation.ts';
import { contactResource } from '../../conversations/resources.ts';
import { KurirError } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Answer, Call } from '../dialect.ts';

const METADATA_BYTES_MAX = 16_384;

export const CONTACT_FACTS = {
  name: Type.Optional(
    Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()], {
      description: 'Goes before the name that the customer chose.',
    }),
  ),
  email: Type.Optional(
    Type.Union([
      Type.String({
        maxLength: 254,
        pattern: '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$',
        'x-expected': 'an e-mail address',
      }),
      Type.Null(),
    ]),
  ),
  metadata: Type.Optional(
    Type.Union([Type.Unsafe<JsonObject>({ type: 'object' }), Type.Null()], {
      description: 'The application’s own: up to 16 KB of JSON.',
    }),
  ),
};

/** Throws `invalid_field_value`. */
export function requireSmallMetadata(metadata: JsonObject | null | undefined): void {
  if (!metadata || Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_BYTES_MAX) return;
  throw new KurirError('invalid_field_value', 'metadata must have at most 16 KB as JSON.', {
    param: 'metadata',
  });
}

export async function contactAnswer(call: Call, contact: Contact, status = 200): Promise<Answer> {
  const number = await call.rooms.numbers.findNumber(call.caller.organisationId, contact.phoneNumberId);
  const data = contactResource(contact, number?.phone ?? '');
  return { status, body: { data, request_id: call.requestId } };
}
