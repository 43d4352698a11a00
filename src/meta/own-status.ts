// The end of a message that Meta never told by webhook (refused in the answer to the call, expired, withdrawn, unknown), as the status
// that Meta would have told: whoever hears of messages by statuses hears of all of them.
import type { Failure } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import { META_ERRORS } from './error-table.ts';

/** Meta's "something went wrong", for what is no word of Meta's. */
const NOT_METAS = 131000;

export interface OwnFailure {
  messageId: string;
  /** Null where Meta never gave one: ours stands in its place. */
  wamid: string | null;
  /** Meta's shape, as it was to be sent. */
  body: JsonObject;
  /** As in `messages.conversation`. */
  conversation: string;
  callbackData: string | null;
  failure: Failure;
  /** In ms since the epoch. */
  at: number;
}

export function ownFailedStatus(own: OwnFailure): JsonObject {
  return {
    id: own.wamid ?? own.messageId,
    status: 'failed',
    timestamp: String(Math.floor(own.at / 1_000)),
    ...recipientOf(own),
    ...(own.callbackData === null ? {} : { biz_opaque_callback_data: own.callbackData }),
    errors: [errorOf(own.failure)],
  };
}

function recipientOf({ body, conversation }: OwnFailure): JsonObject {
  if (body['recipient_type'] === 'group') return { recipient_id: conversation, recipient_type: 'group' };
  return /^\d+$/.test(conversation) ? { recipient_id: conversation } : { recipient_user_id: conversation };
}

function errorOf({ code, message, providerCode }: Failure): JsonObject {
  const number = providerCode ?? NOT_METAS;
  const title = META_ERRORS[number]?.title ?? 'Something went wrong';
  const details = { details: message, ...(providerCode === null ? { kurir_code: code } : {}) };
  return { code: number, title, message: title, error_data: details };
}
