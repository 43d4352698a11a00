// GET /v1/{phone_number_id}/contacts/{id} and GET /v1/contacts/{id}: one contact.
import { readContact } from '../../conversations/read-contacts.ts';
import { bothPaths } from './both-paths.ts';
import { contactAnswer } from './contact-body.ts';

export const getContact = bothPaths(
  { method: 'GET', path: '/contacts/:id', summary: 'Show one contact.' },
  async (call, phoneNumberId) => {
    const { organisationId } = call.caller;
    const id = call.params['id'] ?? '';
    return contactAnswer(call, await readContact(call.rooms.ctx, { organisationId, id, phoneNumberId }));
  },
);
