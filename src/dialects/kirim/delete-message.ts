// DELETE /v1/{phone_number_id}/messages/{id}: withdraws what is still queued.
import { withdrawMessage } from '../../messages/withdraw-message.ts';
import { requireNumber, type Endpoint } from '../dialect.ts';
import { renderMessage } from './render-message.ts';

export const deleteMessage: Endpoint = {
  method: 'DELETE',
  path: '/:phone_number_id/messages/:id',
  summary: 'Withdraw a message that has not left.',
  budget: 'mount',
  async handle(call) {
    const number = await requireNumber(call);
    const find = {
      organisationId: call.caller.organisationId,
      phoneNumberId: number.phoneNumberId,
      id: call.params['id'] ?? '',
    };
    const message = await withdrawMessage(call.rooms.ctx, call.rooms, find);
    return { status: 200, body: { data: renderMessage(message, number.phone), request_id: call.requestId } };
  },
};
