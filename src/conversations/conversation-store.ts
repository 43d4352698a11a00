// SQL of conversations.
import type { Queryable } from '../storage/db.ts';

export interface ConversationPlace {
  organisationId: string;
  phoneNumberId: string;
  /** As in `messages.conversation`. */
  conversation: string;
}

/** How many messages of it are unread; the row stays as it is until the transaction ends (primary key). */
export async function lockUnread(tx: Queryable, place: ConversationPlace): Promise<number> {
  const rows = await tx.query<{ unread_count: number }>(
    `select unread_count from conversations where organisation_id = $1 and phone_number_id = $2 and conversation = $3 for no key update`,
    [place.organisationId, place.phoneNumberId, place.conversation],
  );
  return rows[0]?.unread_count ?? 0;
}

export async function setUnread(tx: Queryable, place: ConversationPlace, unread: number): Promise<void> {
  await tx.query(
    `update conversations set unread_count = $4 where organisation_id = $1 and phone_number_id = $2 and conversation = $3`,
    [place.organisationId, place.phoneNumberId, place.conversation, unread],
  );
}
