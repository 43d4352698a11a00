// Read receipts share the path of sends and are told apart by `status` (docs: mark messages as read, typing indicators).
import { KurirError } from '../kernel/errors.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';

export interface ReceiptBody {
  /** Of the inbound message: Meta's, or ours. */
  messageId: string;
  typing: boolean;
}

const FIELDS = new Set(['messaging_product', 'status', 'message_id', 'typing_indicator']);

/** Whether a body is a read receipt rather than a send. */
export function isReceipt(body: JsonObject): boolean {
  return body['status'] !== undefined && body['type'] === undefined;
}

/** @param fields `closed`: a field that is not known is refused */
export function parseReceipt(body: JsonObject, fields: 'closed' | 'open'): ReceiptBody {
  const unknown = fields === 'closed' ? Object.keys(body).find((key) => !FIELDS.has(key)) : undefined;
  if (unknown !== undefined) throw refused(unknown, `${unknown} is not a field of a read receipt.`);
  if (body['messaging_product'] === undefined) throw missing('messaging_product');
  if (body['messaging_product'] !== 'whatsapp')
    throw refused('messaging_product', 'messaging_product must be "whatsapp".');
  if (body['status'] !== 'read') throw refused('status', 'status must be "read".');
  const messageId = body['message_id'];
  if (messageId === undefined) throw missing('message_id');
  if (typeof messageId !== 'string' || messageId === '' || messageId.length > 500)
    throw refused('message_id', 'message_id must be the wamid, or the msg_… id, of an inbound message.');
  return { messageId, typing: typingOf(body, fields) };
}

function typingOf(body: JsonObject, fields: 'closed' | 'open'): boolean {
  const typing = body['typing_indicator'];
  if (typing === undefined) return false;
  if (!isObject(typing)) throw refused('typing_indicator', 'typing_indicator must be an object.');
  if (typing['type'] === undefined) throw missing('typing_indicator.type');
  if (typing['type'] !== 'text')
    throw refused('typing_indicator.type', 'typing_indicator.type must be "text".');
  const unknown = fields === 'closed' ? Object.keys(typing).find((key) => key !== 'type') : undefined;
  if (unknown !== undefined)
    throw refused(`typing_indicator.${unknown}`, `typing_indicator.${unknown} is not a known field.`);
  return true;
}

function missing(param: string): KurirError {
  return new KurirError('missing_required_field', `${param} is required.`, { param });
}

function refused(param: string, message: string): KurirError {
  return new KurirError('invalid_field_value', message, { param });
}
