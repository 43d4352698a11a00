// POST …/{phone_number_id}/messages in Meta's shape, for the dialects that speak it. They owe a wamid: when the wait ends before the
// message has left, it is withdrawn and a retryable error says so; nothing is sent later behind the caller's back.
import { readIdempotencyKey } from '../idempotency/idempotency-key.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Sent } from '../messages/send-message.ts';
import { parseOutbound, type OutboundMessage } from '../meta/outbound.ts';
import { isReceipt, parseReceipt } from '../meta/read-receipt.ts';
import { requireNumber, requireObject, type Answer, type Call, type Endpoint } from './dialect.ts';
import { renderGraphFailure, renderNotSent, renderOutcomeUnknown } from './graph-errors.ts';
import { readSendOptions } from './send-options.ts';

export const postGraphMessage: Endpoint = {
  method: 'POST',
  path: '/:phone_number_id/messages',
  summary: 'Send a message, or mark an inbound one as read, in Meta’s own shape.',
  budget: 'endpoint',
  async handle(call) {
    const body = requireObject(call);
    return isReceipt(body) ? markRead(call, body) : send(call, body);
  },
};

const RETRY_AFTER_SECONDS = 5;

async function send(call: Call, body: JsonObject): Promise<Answer> {
  const message = parseOutbound(body, 'open');
  const idempotency = readIdempotencyKey(call.headers['idempotency-key'], {
    method: call.method,
    path: call.path,
    body: call.body ?? null,
  });
  const options = readSendOptions(call);
  const number = await requireNumber(call);
  const waitMs = options.waitMs > 0 ? options.waitMs : call.rooms.ctx.config.sendWaitMs;
  const { organisationId } = call.caller;
  const sent = await call.rooms.sender.send({
    organisationId,
    number,
    message,
    idempotency,
    ...options,
    waitMs,
    owed: true,
    budget: call.budget,
  });
  const answer = render(sent, message);
  if (idempotency === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'Idempotent-Replayed': String(sent.replayed) } };
}

function render(sent: Sent, message: OutboundMessage): Answer {
  if (sent.withdrawn) return renderNotSent(RETRY_AFTER_SECONDS);
  // What failed with a wamid was taken by Meta first: that was its answer, the failure is told like every later status.
  const refusal = sent.wamid === null && sent.failure?.code !== 'delivery_unknown' ? sent.failure : null;
  if (refusal) return renderGraphFailure(refusal);
  if (sent.wamid === null) return renderOutcomeUnknown(sent.id, sent.failure);
  const contact = /^\d+$/.test(message.conversation)
    ? { wa_id: message.conversation }
    : message.recipientType === 'group'
      ? {}
      : { user_id: message.conversation };
  const held = message.type === 'template' ? { message_status: 'accepted' } : {};
  return {
    status: 200,
    body: {
      messaging_product: 'whatsapp',
      contacts: [{ input: message.to, ...contact }],
      messages: [{ id: sent.wamid, ...held }],
    },
    headers: { 'X-Kurir-Message-Id': sent.id },
  };
}

async function markRead(call: Call, body: JsonObject): Promise<Answer> {
  const receipt = parseReceipt(body, 'open');
  const number = await requireNumber(call);
  call.budget.take();
  await call.rooms.readMarker.markRead({ organisationId: call.caller.organisationId, number, ...receipt });
  return { status: 200, body: { success: true } };
}
