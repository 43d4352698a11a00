// DELETE /v1/{phone_number_id}/contacts/{id} and DELETE /v1/contacts/{id}: forgets what is known of a contact, not what was said.
import { removeContact } from '../../conversations/change-contact.ts';
import { bothPaths } from './both-paths.ts';

export const deleteContact = bothPaths(
  { method: 'DELETE', path: '/contacts/:id', summary: 'Delete a contact; its conversation stays.' },
  async (call, phoneNumberId) => {
    const { organisationId } = call.caller;
    const id = call.params['id'] ?? '';
    await removeContact(call.rooms.ctx, { organisationId, id, phoneNumberId });
    return {
      status: 200,
      body: { data: { id, object: 'contact', deleted: true }, request_id: call.requestId },
    };
  },
);
