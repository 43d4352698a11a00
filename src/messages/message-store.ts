// SQL that reads messages with their live state, and the few updates that concern one message alone.
import { conversationIdOf } from '../conversations/ids.ts';
import { SILENT_TYPES } from '../conversations/unread.ts';
import type { Queryable, Row } from '../storage/db.ts';
import type { Failure } from '../kernel/errors.ts';
import type { Direction, Message, MessageState, WireStatus } from './message.ts';

const COLUMNS = `m.id, m.phone_number_id, m.direction, m.source, m.type, m.recipient, m.conversation, m.body, m.callback_data, m.created_at,
  s.state, s.may_have_left, s.attempt, s.attempt_at, s.unknown_since, s.wamid, s.other_wamids, s.failure, s.pricing, s.expires_at, s.ready_at,
  s.pending_at, s.sent_at, s.delivered_at, least(s.read_at, s.played_at) as read_at, s.failed_at, c.id as conversation_id`;
const TABLES = `messages m join message_states s on s.organisation_id = m.organisation_id and s.id = m.id left join conversations c
  on c.organisation_id = m.organisation_id and c.phone_number_id = m.phone_number_id and c.conversation = m.conversation`;

interface MessageRow extends Row {
  id: string;
  phone_number_id: string;
  direction: Direction;
  source: Message['source'];
  type: string;
  recipient: string;
  conversation: string;
  /** Null where the conversation is not there, or not yet. */
  conversation_id: string | null;
  body: unknown;
  callback_data: string | null;
  created_at: Date;
  state: MessageState;
  may_have_left: boolean;
  attempt: number;
  attempt_at: Date | null;
  unknown_since: Date | null;
  wamid: string | null;
  other_wamids: string[] | null;
  failure: Failure | null;
  pricing: unknown;
  expires_at: Date | null;
  ready_at: Date | null;
  pending_at: Date | null;
  sent_at: Date | null;
  delivered_at: Date | null;
  read_at: Date | null;
  failed_at: Date | null;
}

/** One message of an organisation (primary key); with a number, only if it is that number's. */
export async function findMessage(
  db: Queryable,
  organisationId: string,
  find: { id: string; phoneNumberId?: string },
): Promise<Message | undefined> {
  const rows = await db.query<MessageRow>(
    `select ${COLUMNS} from ${TABLES} where m.organisation_id = $1 and m.id = $2 and ($3::text is null or m.phone_number_id = $3) and s.state <> 'void'`,
    [organisationId, find.id, find.phoneNumberId ?? null],
  );
  return rows.map(toMessage)[0];
}

/** One message by Meta's id (index message_states_wamids). */
export async function findMessageByWamid(
  db: Queryable,
  organisationId: string,
  find: { wamid: string; phoneNumberId: string },
): Promise<Message | undefined> {
  const rows = await db.query<MessageRow>(
    `select ${COLUMNS} from ${TABLES} where s.organisation_id = $1 and s.wamid = $2 and s.phone_number_id = $3 order by m.created_at limit 1`,
    [organisationId, find.wamid, find.phoneNumberId],
  );
  return rows.map(toMessage)[0];
}

export interface ListFilter {
  organisationId: string;
  phoneNumberId: string | undefined;
  direction: Direction | undefined;
  /** As in `messages.conversation`: one of these. */
  conversations: readonly string[] | undefined;
  states: readonly string[] | undefined;
  wamid: string | undefined;
  createdAfter: Date | undefined;
  createdBefore: Date | undefined;
  /** The last row of the page before. */
  after: { createdAt: string; id: string } | undefined;
  limit: number;
}

/** A page of messages, newest first: the newest of each number asked for (index messages_of_number), or of each conversation (index
 *  messages_of_conversation), and of these the newest. The cursor's instant is text: a Date has no microseconds, which only order what
 *  is of one millisecond. */
export async function listMessages(
  db: Queryable,
  filter: ListFilter,
): Promise<{ message: Message; createdAt: string }[]> {
  // Of one wamid there are few: a number's or a conversation's other messages are not walked for it (index message_states_wamids).
  const unwalked = filter.wamid === undefined ? '' : ` || ''`;
  const rows = await db.query<MessageRow & { cursor_at: string }>(
    `select page.* from numbers n ${filter.conversations ? 'cross join unnest($4::text[]) as k (conversation)' : ''} cross join lateral (
       select ${COLUMNS}, m.created_at::text as cursor_at from ${TABLES}
       where m.organisation_id = $1 and m.phone_number_id${unwalked} = n.phone_number_id and ($3::text is null or m.direction = $3)
       and ${filter.conversations ? `m.conversation${unwalked} = k.conversation` : '$4::text[] is null'} and ($5::text[] is null or s.state = any($5))
       and ($6::timestamptz is null or m.created_at >= $6::timestamptz + interval '1 millisecond') and ($7::timestamptz is null or m.created_at < $7)
       and ($8::timestamptz is null or (m.created_at <= $8 and (m.created_at, m.id) < ($8, $9))) and s.state <> 'void'
       and ${filter.wamid === undefined ? '$11::text is null' : 's.wamid = $11'}
       order by m.created_at desc, m.id desc limit $10) page
     where n.organisation_id = $1 and ($2::text is null or n.phone_number_id = $2)
     order by page.created_at desc, page.id desc limit $10`,
    [
      filter.organisationId,
      filter.phoneNumberId ?? null,
      filter.direction ?? null,
      filter.conversations ?? null,
      filter.states ?? null,
      filter.createdAfter ?? null,
      filter.createdBefore ?? null,
      filter.after?.createdAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
      filter.wamid ?? null,
    ],
  );
  return rows.map((row) => ({ message: toMessage(row), createdAt: row.cursor_at }));
}

export interface Amendment {
  original: string;
  type: string;
  body: unknown;
  createdAt: Date;
}

/** Edits and revocations of messages by Meta's ids of these, in the order in which they were made (index messages_amending). */
export async function listAmendments(
  db: Queryable,
  organisationId: string,
  originals: readonly { phoneNumberId: string; wamid: string }[],
): Promise<(Amendment & { phoneNumberId: string })[]> {
  const rows = await db.query<{
    phone_number_id: string;
    original: string;
    type: string;
    body: unknown;
    created_at: Date;
  }>(
    `select m.phone_number_id, t.wamid as original, m.type, m.body, m.created_at
     from unnest($2::text[], $3::text[]) as t (phone_number_id, wamid) join messages m
       on m.phone_number_id = t.phone_number_id and m.type in ('edit', 'revoke') and left(m.body #>> array[m.type, 'original_message_id'], 500) = t.wamid
     where m.organisation_id = $1 order by m.created_at, m.id`,
    [organisationId, originals.map((one) => one.phoneNumberId), originals.map((one) => one.wamid)],
  );
  return rows.map((row) => ({
    phoneNumberId: row.phone_number_id,
    original: row.original,
    type: row.type,
    body: row.body,
    createdAt: row.created_at,
  }));
}

export interface AttemptRecord {
  attempt: number;
  startedAt: Date;
  endedAt: Date;
  outcome: string;
  providerCode: number | null;
  detail: string | null;
}

/** The attempts of a message that ended without a wamid, oldest first (primary key). */
export async function listAttempts(
  db: Queryable,
  organisationId: string,
  messageId: string,
): Promise<AttemptRecord[]> {
  const rows = await db.query<{
    attempt: number;
    started_at: Date;
    ended_at: Date;
    outcome: string;
    provider_code: number | null;
    detail: string | null;
  }>(
    `select attempt, started_at, ended_at, outcome, provider_code, detail from attempts
     where organisation_id = $1 and message_id = $2 order by attempt, started_at`,
    [organisationId, messageId],
  );
  return rows.map((r) => ({
    attempt: r.attempt,
    startedAt: r.started_at,
    endedAt: r.ended_at,
    outcome: r.outcome,
    providerCode: r.provider_code,
    detail: r.detail,
  }));
}

export interface NewsRow {
  id: string;
  state: string;
  mayHaveLeft: boolean;
  wamid: string | null;
  failure: Failure | null;
  firstAnswer: WireStatus | null;
}

/** How messages stand now, for those who wait (primary key). */
export async function readNews(
  db: Queryable,
  messages: readonly { organisationId: string; id: string }[],
): Promise<NewsRow[]> {
  const rows = await db.query<{
    id: string;
    state: string;
    may_have_left: boolean;
    wamid: string | null;
    failure: Failure | null;
    first_answer: WireStatus | null;
  }>(
    `select s.id, s.state, s.may_have_left, s.wamid, s.failure, s.first_answer
     from unnest($1::text[], $2::text[]) as t (organisation_id, id) join message_states s using (organisation_id, id)`,
    [messages.map((m) => m.organisationId), messages.map((m) => m.id)],
  );
  return rows.map((r) => ({
    id: r.id,
    state: r.state,
    mayHaveLeft: r.may_have_left,
    wamid: r.wamid,
    failure: r.failure,
    firstAnswer: r.first_answer,
  }));
}

/** When the customer of a message last wrote to its number (primary keys). */
export async function readLastInbound(
  db: Queryable,
  organisationId: string,
  id: string,
): Promise<Date | null> {
  const rows = await db.query<{ last_inbound_at: Date | null }>(
    `select coalesce(o.last_inbound_at, c.last_inbound_at) as last_inbound_at
     from messages m join conversations c using (organisation_id, phone_number_id, conversation) left join conversations o
     on o.organisation_id = c.organisation_id and o.phone_number_id = c.phone_number_id and o.conversation = c.same_as
     where m.organisation_id = $1 and m.id = $2`,
    [organisationId, id],
  );
  return rows[0]?.last_inbound_at ?? null;
}

/** Withdraws what is still queued and cannot have left; its conversation goes on. Returns where it stood, if it was. */
export async function withdraw(
  db: Queryable,
  message: { organisationId: string; id: string },
  failure: Failure,
): Promise<{ phoneNumberId: string; conversation: string } | undefined> {
  const rows = await db.query<{ phone_number_id: string; conversation: string }>(
    `update message_states set state = 'failed', rank = 30, failure = $3, failed_at = database_now(), turn = null, ready_at = null
     where organisation_id = $1 and id = $2 and state = 'queued' and not may_have_left
     returning phone_number_id, conversation`,
    [message.organisationId, message.id, failure],
  );
  return rows[0] ? { phoneNumberId: rows[0].phone_number_id, conversation: rows[0].conversation } : undefined;
}

export type OwedEnd =
  | { kind: 'ended'; failure: Failure }
  /** Its first caller still waits for it, for so long. */
  | { kind: 'owed'; forMs: number }
  /** A call is under way, or over. */
  | { kind: 'called' };

/** Ends the wait of a caller who was owed a wamid: what is still queued is withdrawn and its key freed, unless an earlier attempt may
 *  have left; then nobody knows. A repeat ends it only when the wait of the first call is over (the moment stands in the row): it must
 *  not take away what that still waits for. */
export async function endOwed(
  db: Queryable,
  wait: { organisationId: string; id: string; repeat: boolean },
  failures: { withdrawn: Failure; unknown: Failure },
): Promise<OwedEnd> {
  const [row] = await db.query<{ failure: Failure | null; owed_for: number | null }>(
    `with ended as (
       update message_states set state = 'failed', rank = case when may_have_left then 15 else 30 end,
         failure = case when may_have_left then coalesce(failure, $4::jsonb) else $3::jsonb end, failed_at = database_now(), turn = null, ready_at = null
       where organisation_id = $1 and id = $2 and state = 'queued' and not ($5 and coalesce(owed_until > database_now(), false))
       returning organisation_id, id, failure, may_have_left
     ), freed as (
       delete from idempotency_keys k using ended e join messages m using (organisation_id, id)
       where not e.may_have_left and k.organisation_id = m.organisation_id and k.key = m.idempotency_key and k.message_id = m.id
     )
     select (select failure from ended) as failure,
       case when state = 'queued' then extract(epoch from owed_until - database_now())::float8 * 1000 end as owed_for
     from message_states where organisation_id = $1 and id = $2`,
    [wait.organisationId, wait.id, failures.withdrawn, failures.unknown, wait.repeat],
  );
  if (row?.failure) return { kind: 'ended', failure: row.failure };
  const forMs = Math.ceil(row?.owed_for ?? 0);
  return forMs > 0 ? { kind: 'owed', forMs } : { kind: 'called' };
}

/** How many are queued in each line of lanes, each lane counted up to `max` (index message_states_turns). */
export function countQueued(
  db: Queryable,
  lanes: readonly { organisationId: string; phoneNumberId: string }[],
  max: number,
): Promise<{ phoneNumberId: string; line: number; queued: number }[]> {
  return db.query(
    `select lane.phone_number_id as "phoneNumberId", s.line, count(*)::int as queued
     from unnest($1::text[], $2::text[]) as lane (organisation_id, phone_number_id) cross join lateral (
       select line from message_states s where s.organisation_id = lane.organisation_id
         and s.phone_number_id = lane.phone_number_id and s.turn is not null and s.state = 'queued' limit $3) s
     group by lane.phone_number_id, s.line`,
    [lanes.map((lane) => lane.organisationId), lanes.map((lane) => lane.phoneNumberId), max],
  );
}

/** Flips an inbound message to read; says whether this call did it. */
export async function flipToRead(db: Queryable, organisationId: string, id: string): Promise<boolean> {
  const rows = await db.query(
    `update message_states set state = 'read', rank = 50, read_at = database_now() where organisation_id = $1 and id = $2 and rank < 50 returning id`,
    [organisationId, id],
  );
  return rows.length > 0;
}

/** How many messages of a customer came after one of them, also within its second (primary key; index messages_of_conversation). */
export async function countInboundAfter(
  db: Queryable,
  organisationId: string,
  message: Pick<Message, 'id' | 'phoneNumberId' | 'conversation'>,
): Promise<number> {
  const rows = await db.query<{ count: number }>(
    `select count(*)::int as count from messages where organisation_id = $1 and phone_number_id = $2 and conversation = $3
     and created_at > (select created_at from messages where organisation_id = $1 and id = $4) and direction = 'inbound' and type <> all($5)`,
    [organisationId, message.phoneNumberId, message.conversation, message.id, SILENT_TYPES],
  );
  return rows[0]?.count ?? 0;
}

/** What the first answer said, once: repeats with the key are answered alike. */
export async function keepFirstAnswers(
  db: Queryable,
  rows: readonly { organisationId: string; id: string; status: WireStatus }[],
): Promise<void> {
  await db.query(
    `update message_states s set first_answer = coalesce(s.first_answer, t.status)
     from (select * from unnest($1::text[], $2::text[], $3::text[]) as t (organisation_id, id, status) order by 1, 2) t
     where s.organisation_id = t.organisation_id and s.id = t.id`,
    [rows.map((r) => r.organisationId), rows.map((r) => r.id), rows.map((r) => r.status)],
  );
}

function toMessage(row: MessageRow): Message {
  return {
    id: row.id,
    phoneNumberId: row.phone_number_id,
    direction: row.direction,
    source: row.source,
    type: row.type,
    recipient: row.recipient,
    conversation: row.conversation,
    conversationId: row.conversation_id ?? conversationIdOf(row.phone_number_id, row.conversation),
    body: row.body,
    callbackData: row.callback_data,
    state: row.state,
    mayHaveLeft: row.may_have_left,
    attempt: row.attempt,
    attemptAt: row.attempt_at,
    unknownSince: row.unknown_since,
    wamid: row.wamid,
    otherWamids: row.other_wamids ?? [],
    failure: row.state === 'failed' ? row.failure : null,
    pricing: row.pricing,
    expiresAt: row.expires_at,
    readyAt: row.ready_at,
    createdAt: row.created_at,
    pendingAt: row.pending_at,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    readAt: row.read_at,
    failedAt: row.failed_at,
  };
}
