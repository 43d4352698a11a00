// POST /v1/{phone_number_id}/messages: a send, or a read receipt; the body's `type` or `status` tells which.
import { readIdempotencyKey } from '../../idempotency/idempotency-key.ts';
import { isReceipt, parseReceipt } from '../../meta/read-receipt.ts';
import { parseOutbound, type OutboundMessage } from '../../meta/outbound.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import type { BusinessNumber } from '../../organisations/numbers.ts';
import { requireNumber, requireObject, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { readSendOptions } from '../send-options.ts';
import { renderSent } from './render-message.ts';

export const postMessage: Endpoint = {
  method: 'POST',
  path: '/:phone_number_id/messages',
  summary: 'Send a message, or mark an inbound one as read.',
  budget: 'endpoint',
  async handle(call) {
    const body = requireObject(call);
    if (isReceipt(body)) return markRead(call, body);
    const message = parseOutbound(withLanguageObject(body), 'closed');
    return sendAs(call, { message, status: 200, number: () => requireNumber(call) });
  },
};

/** Sends what was parsed, from the number that is found; `status` is the HTTP status of a success. */
export async function sendAs(
  call: Call,
  send: { message: OutboundMessage; status: number; number: () => Promise<BusinessNumber> },
): Promise<Answer> {
  const { message } = send;
  const idempotency = readIdempotencyKey(call.headers['idempotency-key'], {
    method: call.method,
    path: call.path,
    body: call.body ?? null,
  });
  const options = readSendOptions(call);
  const number = await send.number();
  const { budget } = call;
  const { organisationId } = call.caller;
  const sent = await call.rooms.sender.send({
    organisationId,
    number,
    message,
    idempotency,
    ...options,
    owed: false,
    budget,
  });
  return {
    status: send.status,
    body: { data: renderSent(sent, message), request_id: call.requestId },
    ...(idempotency === undefined ? {} : { headers: { 'Idempotent-Replayed': String(sent.replayed) } }),
  };
}

/** Kirim's template language may be a string; Meta's is an object. */
export function withLanguageObject(body: JsonObject): JsonObject {
  const template = body['template'];
  if (!isObject(template) || typeof template['language'] !== 'string') return body;
  return { ...body, template: { ...template, language: { code: template['language'] } } };
}

async function markRead(call: Call, body: JsonObject): Promise<Answer> {
  const receipt = parseReceipt(body, 'closed');
  const number = await requireNumber(call);
  call.budget.take();
  const message = await call.rooms.readMarker.markRead({
    organisationId: call.caller.organisationId,
    number,
    ...receipt,
  });
  const data = { id: message.id, object: 'message', status: 'read', message_id: message.wamid };
  return { status: 200, body: { data, request_id: call.requestId } };
}
