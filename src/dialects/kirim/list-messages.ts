// GET /v1/{phone_number_id}/messages and GET /v1/messages: messages, newest first, by page.
import { KurirError } from '../../kernel/errors.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import type { WireStatus } from '../../messages/message.ts';
import { readMessagePage, type MessageFilter } from '../../messages/read-messages.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { renderMessage } from './render-message.ts';

export const listMessages: Endpoint = {
  method: 'GET',
  path: '/:phone_number_id/messages',
  summary: 'List the messages of a number.',
  budget: 'mount',
  handle: async (call) => page(call, (await requireNumber(call)).phoneNumberId),
};

export const listAllMessages: Endpoint = {
  method: 'GET',
  path: '/messages',
  summary: 'List the messages of all numbers.',
  budget: 'mount',
  handle: (call) => page(call, undefined),
};

const STATUSES = ['queued', 'pending', 'sent', 'delivered', 'read', 'failed'] as const satisfies WireStatus[];
const PARAMETERS = new Set([
  'direction',
  'status',
  'to',
  'message_id',
  'created_after',
  'created_before',
  'limit',
  'cursor',
]);

async function page(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  const unknown = Object.keys(call.query).find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined)
    throw refused(unknown, `${unknown} is not a parameter here. There are: ${[...PARAMETERS].join(', ')}.`);
  const { ctx, numbers } = call.rooms;
  const { organisationId } = call.caller;
  const found = await readMessagePage(ctx, organisationId, {
    filter: filterOf(call, phoneNumberId),
    limit: limitOf(call),
    cursor: call.query['cursor'],
  });
  const phones = await Promise.all(
    found.messages.map(({ message }) => numbers.findNumber(organisationId, message.phoneNumberId)),
  );
  return {
    status: 200,
    body: {
      data: found.messages.map(({ message, amended }, i) =>
        renderMessage(message, phones[i]?.phone ?? '', amended),
      ),
      has_more: found.nextCursor !== null,
      next_cursor: found.nextCursor,
      request_id: call.requestId,
    },
  };
}

function filterOf(call: Call, phoneNumberId: string | undefined): MessageFilter {
  const { direction, status, to } = call.query;
  if (direction !== undefined && direction !== 'inbound' && direction !== 'outbound')
    throw refused('direction', 'direction must be inbound or outbound.');
  const known = STATUSES.find((one) => one === status);
  if (status !== undefined && known === undefined)
    throw refused('status', `status must be one of ${STATUSES.join(', ')}.`);
  const digits = to === undefined ? undefined : phoneDigits(to);
  if (digits === null)
    throw new KurirError(
      'invalid_phone_number',
      'to must be a phone number in E.164 format, such as +628111222333.',
      { param: 'to' },
    );
  return {
    phoneNumberId,
    direction: direction,
    conversation: digits,
    status: known,
    wamid: call.query['message_id'],
    createdAfter: instantOf(call, 'created_after'),
    createdBefore: instantOf(call, 'created_before'),
  };
}

function limitOf(call: Call): number {
  const text = call.query['limit'] ?? '25';
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 100)
    throw new KurirError('invalid_limit', 'limit must be a whole number from 1 to 100.', { param: 'limit' });
  return limit;
}

function instantOf(call: Call, name: string): Date | undefined {
  const text = call.query[name];
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : new Date(Number.NaN);
  if (Number.isNaN(at.getTime()))
    throw refused(name, `${name} must be an ISO 8601 instant, such as 2026-05-24T08:00:00Z.`);
  return at;
}

function refused(param: string, message: string): KurirError {
  return new KurirError('invalid_field_value', message, { param });
}
