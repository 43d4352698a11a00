// POST /v1/{phone_number_id}/contacts and POST /v1/contacts: a contact, before the customer has written. 201.
import { Type } from 'typebox';

import { createContact } from '../../conversations/change-contact.ts';
import { KurirError } from '../../kernel/errors.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import { requireNumber, type Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { CONTACT_FACTS, contactAnswer, requireSmallMetadata } from './contact-body.ts';
import { numberNamed } from './number-named.ts';

const BODY = { phone_number: Type.String(), ...CONTACT_FACTS };
const UNDER_A_NUMBER = Type.Object(BODY, { additionalProperties: false });
const FLAT = Type.Object({ from: Type.Optional(Type.String()), ...BODY }, { additionalProperties: false });

export const postContact: Endpoint[] = ['/:phone_number_id/contacts', '/contacts'].map((path) => ({
  method: 'POST',
  path,
  summary: 'Make a contact.',
  budget: 'mount',
  async handle(call) {
    const flat = path === '/contacts';
    const { from, ...body } = flat
      ? readBody(call, FLAT)
      : { from: undefined, ...readBody(call, UNDER_A_NUMBER) };
    requireSmallMetadata(body.metadata);
    const phone = phoneDigits(body.phone_number);
    if (phone === null)
      throw new KurirError(
        'invalid_phone_number',
        'phone_number must be a phone number in E.164 format, such as +628111222333.',
        { param: 'phone_number' },
      );
    const number = flat ? await numberNamed(call, from) : await requireNumber(call);
    const contact = await createContact(call.rooms.ctx, call.rooms, {
      organisationId: call.caller.organisationId,
      number,
      phone,
      name: body.name ?? null,
      email: body.email ?? null,
      metadata: body.metadata ?? null,
    });
    return contactAnswer(call, contact, 201);
  },
}));
