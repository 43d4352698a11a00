// What nobody of the business has read yet: counted up with each message of the customer's, and back when one is marked as read.
import type { Queryable } from '../storage/db.ts';
import { lockUnread, setUnread, type ConversationPlace } from './conversation-store.ts';

/** Messages by which the customer says nothing: what WhatsApp says of a customer, or what becomes of an earlier message. */
export const SILENT_TYPES: readonly string[] = ['system', 'edit', 'revoke'];

/** A message was read, and with it all before it: only what `countAfter` finds is unread, but never more than there was. In a transaction,
 *  because nothing may come between the count and what is written: whoever brings a message locks the same row. */
export async function leaveUnread(
  tx: Queryable,
  place: ConversationPlace,
  countAfter: () => Promise<number>,
): Promise<void> {
  const present = await lockUnread(tx, place);
  if (present === 0) return;
  const left = await countAfter();
  if (left < present) await setUnread(tx, place, left);
}
