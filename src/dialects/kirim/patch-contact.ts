// PATCH /v1/{phone_number_id}/contacts/{id} and PATCH /v1/contacts/{id}: what people know of a contact.
import { Type } from 'typebox';

import { changeContact } from '../../conversations/change-contact.ts';
import { readBody } from '../read-body.ts';
import { bothPaths } from './both-paths.ts';
import { CONTACT_FACTS, contactAnswer, requireSmallMetadata } from './contact-body.ts';

const BODY = Type.Object(CONTACT_FACTS, { additionalProperties: false, minProperties: 1 });

export const patchContact = bothPaths(
  { method: 'PATCH', path: '/contacts/:id', summary: 'Change name, email or metadata of a contact.' },
  async (call, phoneNumberId) => {
    const { name, email, metadata } = readBody(call, BODY);
    requireSmallMetadata(metadata);
    const { organisationId } = call.caller;
    const find = { organisationId, id: call.params['id'] ?? '', phoneNumberId };
    const change = { ...find, name, email, metadata };
    return contactAnswer(call, await changeContact(call.rooms.ctx, call.rooms, change));
  },
);
