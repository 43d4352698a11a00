// GET /v1/{phone_number_id}/messages and GET /v1/messages: messages, newest first, by page.
import { namesInKey } from '../../conversations/conversation.ts';
import { KurirError } from '../../kernel/errors.ts';
import { isId } from '../../kernel/ids.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import type { WireStatus } from '../../messages/message.ts';
import { mediaStates } from '../../media/media-states.ts';
import { readMessagePage, type MessageFilter } from '../../messages/read-messages.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';
import { instantOf, limitOf, oneOf, pageAnswer, refused, requireKnownParameters } from './list-query.ts';
import { renderMedia, renderMessage } from './render-message.ts';

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
const PARAMETERS = [
  'direction',
  'status',
  'to',
  'conversation_id',
  'message_id',
  'created_after',
  'created_before',
];

async function page(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  requireKnownParameters(call, PARAMETERS);
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
  const media = await mediaStates(
    ctx,
    organisationId,
    found.messages.map(({ message }) => message),
  );
  const data = found.messages.map(({ message, amended }, i) => ({
    ...renderMessage(message, phones[i]?.phone ?? '', amended),
    ...renderMedia(media.get(message.id)),
  }));
  return pageAnswer(call, data, found.nextCursor);
}

function filterOf(call: Call, phoneNumberId: string | undefined): MessageFilter {
  const { to, conversation_id: conversationId } = call.query;
  if (conversationId !== undefined && !isId('cnv', conversationId))
    throw refused(
      'conversation_id',
      'conversation_id must be the id of a conversation: cnv_ and 26 characters.',
    );
  // A customer with a username may have a user id alone.
  const customer = to === undefined ? undefined : (namesInKey(to).userId ?? phoneDigits(to));
  if (customer === null)
    throw new KurirError(
      'invalid_phone_number',
      'to must be a phone number in E.164 format, such as +628111222333, or a business-scoped user id.',
      { param: 'to' },
    );
  return {
    phoneNumberId,
    direction: oneOf(call, 'direction', ['inbound', 'outbound']),
    conversation: customer,
    conversationId,
    status: oneOf(call, 'status', STATUSES),
    wamid: call.query['message_id'],
    createdAfter: instantOf('created_after', call.query['created_after']),
    createdBefore: instantOf('created_before', call.query['created_before']),
  };
}
