// GET /v1/{phone_number_id}/messages/{id} and GET /v1/messages/{id}: one message, with its attempts and the times of its statuses.
import { mediaStates } from '../../media/media-states.ts';
import { readMessage } from '../../messages/read-messages.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { renderMedia, renderMessage } from './render-message.ts';
import { tellAttempts, tellWaiting } from './tell-attempts.ts';

export const getMessage: Endpoint = {
  method: 'GET',
  path: '/:phone_number_id/messages/:id',
  summary: 'Show one message of a number.',
  budget: 'mount',
  handle: async (call) => show(call, (await requireNumber(call)).phoneNumberId),
};

export const getFlatMessage: Endpoint = {
  method: 'GET',
  path: '/messages/:id',
  summary: 'Show one message of any number.',
  budget: 'mount',
  handle: (call) => show(call, undefined),
};

async function show(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  const { organisationId } = call.caller;
  const id = call.params['id'] ?? '';
  const { message, amended, attempts } = await readMessage(call.rooms.ctx, organisationId, {
    id,
    ...(phoneNumberId === undefined ? {} : { phoneNumberId }),
  });
  const number = await call.rooms.numbers.findNumber(organisationId, message.phoneNumberId);
  const { clock, config } = call.rooms.ctx;
  const stoppedMs = call.rooms.lanes.stoppedMs(message.phoneNumberId);
  const telling = { now: clock.now(), times: config.times, number, stoppedMs };
  const waiting = tellWaiting(message, telling);
  const data = {
    ...renderMessage(message, number?.phone ?? '', amended),
    ...renderMedia((await mediaStates(call.rooms.ctx, organisationId, [message])).get(message.id)),
    attempts: tellAttempts(message, attempts, telling),
    ...(waiting === undefined ? {} : { waiting }),
  };
  return { status: 200, body: { data, request_id: call.requestId } };
}
