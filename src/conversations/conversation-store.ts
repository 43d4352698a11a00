// SQL of conversations.
import type { Queryable, Row } from '../storage/db.ts';
import { called } from './called.ts';
import { namesInKey, type Conversation, type ConversationStatus, type Labelled } from './conversation.ts';
import { contactIdOf, conversationIdOf } from './ids.ts';

export interface ConversationPlace {
  organisationId: string;
  phoneNumberId: string;
  /** As in `messages.conversation`. */
  conversation: string;
}

// A conversation and its contact have one hash.
const COLUMNS = `c.id, c.phone_number_id, c.conversation, c.status, c.assignee, c.unread_count, c.last_message_at, c.last_inbound_at,
  c.last_outbound_at, c.created_at, c.updated_at, ${called('p')} as name, p.phone, p.user_id, p.username,
  array(select json_build_object('id', l.id, 'name', l.name, 'color', l.color) from conversation_labels x
    join labels l on l.organisation_id = x.organisation_id and l.id = x.label_id where x.organisation_id = c.organisation_id
    and x.phone_number_id = c.phone_number_id and x.conversation = c.conversation order by l.name) as labels`;
const CONTACT = `left join contacts p on p.organisation_id = c.organisation_id and p.id = 'ctc' || substr(c.id, 4)`;

interface ConversationRow extends Row {
  id: string;
  phone_number_id: string;
  conversation: string;
  status: ConversationStatus;
  assignee: string | null;
  unread_count: number;
  last_message_at: Date;
  last_inbound_at: Date | null;
  last_outbound_at: Date | null;
  created_at: Date;
  updated_at: Date;
  name: string | null;
  phone: string | null;
  user_id: string | null;
  username: string | null;
  labels: Labelled[];
}

export interface ConversationFilter {
  organisationId: string;
  phoneNumberId: string | undefined;
  status: ConversationStatus | undefined;
  /** Null: nobody's. */
  assignee: string | null | undefined;
  labelId: string | undefined;
  id: string | undefined;
  /** The last row of the page before. */
  after: { lastMessageAt: string; id: string } | undefined;
  limit: number;
}

/** A page of conversations, the latest message first: the latest of each number asked for (index conversations_latest, or for an assignee
 *  conversations_assigned), and of these the latest. The cursor's instant is text: a Date has no microseconds. */
export async function selectConversations(
  db: Queryable,
  filter: ConversationFilter,
): Promise<{ conversation: Conversation; lastMessageAt: string }[]> {
  const rows = await db.query<ConversationRow & { cursor_at: string }>(
    `select page.* from numbers n cross join lateral (
       select ${COLUMNS}, c.last_message_at::text as cursor_at from conversations c ${CONTACT}
       where c.organisation_id = $1 and c.phone_number_id = n.phone_number_id and c.same_as is null
       and ($3::text is null or c.status = $3) and ($4::text is null or c.id = $4)
       and (not $8 or c.assignee is null) and ($9::text is null or c.assignee = $9)
       and ($10::text is null or exists (select from conversation_labels x where x.organisation_id = c.organisation_id
         and x.phone_number_id = c.phone_number_id and x.conversation = c.conversation and x.label_id = $10))
       and ($5::timestamptz is null or (c.last_message_at <= $5 and (c.last_message_at, c.id) < ($5, $6)))
       order by c.last_message_at desc, c.id desc limit $7) page
     where n.organisation_id = $1 and ($2::text is null or n.phone_number_id = $2)
     order by page.last_message_at desc, page.id desc limit $7`,
    [
      filter.organisationId,
      filter.phoneNumberId ?? null,
      filter.status ?? null,
      filter.id ?? null,
      filter.after?.lastMessageAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
      filter.assignee === null,
      filter.assignee ?? null,
      filter.labelId ?? null,
    ],
  );
  return rows.map((row) => ({ conversation: toConversation(row), lastMessageAt: row.cursor_at }));
}

/** One conversation (index conversations_ids); with a number, only if it is that number's. */
export async function selectConversation(
  db: Queryable,
  organisationId: string,
  find: { id: string; phoneNumberId: string | undefined },
): Promise<Conversation | undefined> {
  const rows = await db.query<ConversationRow>(
    `select ${COLUMNS} from conversations c ${CONTACT}
     where c.organisation_id = $1 and c.id = $2 and c.same_as is null and ($3::text is null or c.phone_number_id = $3)`,
    [organisationId, find.id, find.phoneNumberId ?? null],
  );
  return rows.map(toConversation)[0];
}

/** Conversations by their ids (index conversations_ids). */
export async function selectConversationsOfIds(
  db: Queryable,
  ids: readonly { organisationId: string; id: string }[],
): Promise<Map<string, Conversation>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<ConversationRow>(
    `select ${COLUMNS} from unnest($1::text[], $2::text[]) as t (organisation_id, id)
     join conversations c on c.organisation_id = t.organisation_id and c.id = t.id and c.same_as is null ${CONTACT}`,
    [ids.map((one) => one.organisationId), ids.map((one) => one.id)],
    'conversations-of-ids',
  );
  return new Map(rows.map(toConversation).map((one) => [one.id, one]));
}

/** The names that messages of a conversation were written under, and its number (index conversations_ids). */
export function selectNames(
  db: Queryable,
  organisationId: string,
  id: string,
): Promise<{ phoneNumberId: string; key: string }[]> {
  return db.query(
    `select phone_number_id as "phoneNumberId", conversation as key from conversations where organisation_id = $1 and id = $2 order by 2`,
    [organisationId, id],
  );
}

/** When customers last wrote, in the order of the question: each by the conversation's key, or by any other name of the contact's (primary key,
 *  indexes contacts_by_phone and contacts_by_user_id). */
export async function selectLastInbound(
  db: Queryable,
  places: readonly ConversationPlace[],
): Promise<(Date | null)[]> {
  const names = places.map(({ conversation }) => namesInKey(conversation));
  const rows = await db.query<{ last_inbound_at: Date | null }>(
    `select greatest(
       (select c.last_inbound_at from conversations c where c.organisation_id = i.organisation_id
         and c.phone_number_id = i.phone_number_id and c.conversation = i.conversation),
       (select max((select c.last_inbound_at from conversations c where c.organisation_id = p.organisation_id
         and c.phone_number_id = p.phone_number_id and c.conversation = p.key)) from contacts p
         where p.organisation_id || ' ' || p.phone_number_id || ' ' || p.phone
         = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.phone),
       (select max((select c.last_inbound_at from conversations c where c.organisation_id = p.organisation_id
         and c.phone_number_id = p.phone_number_id and c.conversation = p.key)) from contacts p
         where p.organisation_id || ' ' || p.phone_number_id || ' ' || p.user_id
         = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.user_id)) as last_inbound_at
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
       as i (organisation_id, phone_number_id, conversation, phone, user_id, place) order by place`,
    [
      places.map((one) => one.organisationId),
      places.map((one) => one.phoneNumberId),
      places.map((one) => one.conversation),
      names.map(({ phone }) => phone),
      names.map(({ userId }) => userId),
    ],
    'last-inbound',
  );
  return rows.map((row) => row.last_inbound_at);
}

/** The row stays as it is until the transaction ends. */
export async function lockConversation(tx: Queryable, organisationId: string, id: string): Promise<void> {
  await tx.query(
    `select 1 from conversations where organisation_id = $1 and id = $2 and same_as is null for no key update`,
    [organisationId, id],
  );
}

export async function updateConversation(
  tx: Queryable,
  organisationId: string,
  change: { id: string; status: ConversationStatus; assignee: string | null; now: number },
): Promise<void> {
  await tx.query(
    `update conversations set status = $3, assignee = $4, updated_at = to_timestamp($5::float8 / 1000)
     where organisation_id = $1 and id = $2 and same_as is null`,
    [organisationId, change.id, change.status, change.assignee, change.now],
  );
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

function toConversation(row: ConversationRow): Conversation {
  const named = namesInKey(row.conversation);
  const isGroup = named.phone === null && named.userId === null && row.phone === null && row.user_id === null;
  return {
    id: conversationIdOf(row.phone_number_id, row.conversation),
    phoneNumberId: row.phone_number_id,
    key: row.conversation,
    status: row.status,
    assignee: row.assignee,
    unreadCount: row.unread_count,
    lastMessageAt: row.last_message_at,
    lastInboundAt: row.last_inbound_at,
    lastOutboundAt: row.last_outbound_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    contact: isGroup
      ? null
      : {
          id: contactIdOf(row.phone_number_id, row.conversation),
          name: row.name,
          phone: row.phone ?? named.phone,
          userId: row.user_id ?? named.userId,
          username: row.username,
        },
    labels: row.labels,
  };
}
