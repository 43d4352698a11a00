// Mark a customer's message as read: Meta is told once, then our row says so. A repeat of what is read already is answered the same
// without another call. What came before it in its conversation counts as read, too, as on a phone.
import type { Context } from '../context.ts';
import { leaveUnread } from '../conversations/unread.ts';
import { KurirError } from '../kernel/errors.ts';
import { isId, type OrganisationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { MetaClient } from '../meta/client.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { countInboundAfter, findMessage, findMessageByWamid, flipToRead } from './message-store.ts';
import type { Message } from './message.ts';

export interface ReadReceipt {
  organisationId: OrganisationId;
  number: BusinessNumber;
  /** Meta's, or ours. */
  messageId: string;
  typing: boolean;
}

export interface ReadMarker {
  /** The inbound message; throws `resource_not_found`, `invalid_field_value` or `whatsapp_upstream_error`. */
  markRead(receipt: ReadReceipt): Promise<Message>;
}

export function createReadMarker(ctx: Context, meta: MetaClient): ReadMarker {
  // Receipts for one message at once are one call.
  const running = new Map<string, Promise<Message>>();

  async function mark(receipt: ReadReceipt): Promise<Message> {
    const { organisationId, number, messageId } = receipt;
    const { phoneNumberId } = number;
    const message = isId('msg', messageId)
      ? await findMessage(ctx.db, organisationId, { id: messageId, phoneNumberId })
      : await findMessageByWamid(ctx.db, organisationId, { wamid: messageId, phoneNumberId });
    if (!message)
      throw new KurirError('resource_not_found', 'No message of this number has that message_id.', {
        param: 'message_id',
      });
    if (message.direction === 'outbound') {
      throw new KurirError(
        'invalid_field_value',
        'message_id is of an outbound message: only inbound messages can be marked as read.',
        { param: 'message_id' },
      );
    }
    if (message.state === 'read') return message;
    await tell(meta, receipt, message.wamid);
    await ctx.db.transaction(async (tx) => {
      await flipToRead(tx, organisationId, message.id);
      await leaveUnread(tx, { ...message, organisationId }, () =>
        countInboundAfter(tx, organisationId, message),
      );
    });
    return { ...message, state: 'read' };
  }

  return {
    markRead(receipt) {
      const key = `${receipt.organisationId} ${receipt.number.phoneNumberId} ${receipt.messageId}`;
      const present = running.get(key);
      if (present) return present;
      const marking = mark(receipt).finally(() => running.delete(key));
      running.set(key, marking);
      return marking;
    },
  };
}

async function tell(meta: MetaClient, receipt: ReadReceipt, wamid: string | null): Promise<void> {
  const body: JsonObject = { messaging_product: 'whatsapp', status: 'read', message_id: wamid };
  if (receipt.typing) body['typing_indicator'] = { type: 'text' };
  const { accessToken, phoneNumberId } = receipt.number;
  const answer = await meta.call({ method: 'POST', accessToken, path: `${phoneNumberId}/messages`, body });
  if (answer.kind === 'refused') {
    const why = answer.error.details ?? answer.error.title;
    const { code } = answer.error;
    throw new KurirError('whatsapp_upstream_error', `Meta refused the receipt (${code}): ${why}`, {
      refusedBy: { code, message: why },
    });
  }
  if (answer.kind === 'failed')
    throw new KurirError(
      'whatsapp_upstream_error',
      `Meta did not take the receipt: ${answer.reason}. Repeat it.`,
    );
}
