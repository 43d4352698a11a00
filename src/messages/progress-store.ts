// SQL of progress: Meta's acceptance and every later status go through one update, so that they commute: in whatever order and
// however often they come, the row ends the same.
import { called } from '../conversations/called.ts';
import type { Failure } from '../kernel/errors.ts';
import type { ConversationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable } from '../storage/db.ts';
import type { Message } from './message.ts';

export interface ProgressRow {
  organisationId: string;
  id: string;
  state: 'pending' | 'sent' | 'failed' | 'delivered' | 'read';
  rank: number;
  wamid: string;
  failure: Failure | null;
  pricing: unknown;
  pendingAt: number | null;
  sentAt: number | null;
  deliveredAt: number | null;
  readAt: number | null;
  failedAt: number | null;
  /** Of voice messages; counts as read. */
  playedAt: number | null;
  /** What the caller who waits will be answered by this. */
  firstAnswer: string | null;
}

/** What a step can be the first of its sort to say, as bits. */
export const NEWS = {
  pending: 1,
  sent: 2,
  delivered: 4,
  read: 8,
  failed: 16,
  played: 32,
  otherWamid: 64,
} as const;

export interface ProgressedRow {
  id: string;
  phoneNumberId: string;
  conversation: string;
  state: string;
  mayHaveLeft: boolean;
  wamid: string;
  otherWamids: string[];
  failure: Failure | null;
  attempt: number;
  attemptAt: number | null;
  firstAnswer: string | null;
  /** What was said for the first time: the sum of NEWS. Repetitions are no news. */
  news: number;
  times: { sent: number | null; delivered: number | null; read: number | null; failed: number | null };
}

// By primary key. `turn` and `ready_at` become null here once; afterwards they stay null, so that a status touches no index
// and is an update in place. Failures and prices of equal rank: the smaller one, whichever came first.
const PROGRESS = `
update message_states s set
  state = case when r.rank > s.rank then r.state else s.state end,
  rank = greatest(s.rank, r.rank),
  failure = case when r.rank > s.rank then r.failure when r.rank = s.rank then least(s.failure, r.failure) else s.failure end,
  wamid = coalesce(s.wamid, r.wamid),
  other_wamids = case when s.wamid <> r.wamid and not r.wamid = any(coalesce(s.other_wamids, '{}'))
    then array_append(s.other_wamids, r.wamid) else s.other_wamids end,
  pricing = least(s.pricing, r.pricing),
  turn = null, ready_at = null,
  news = case when s.pending_at is null and r.pending_at is not null then 1 else 0 end
    + case when s.sent_at is null and r.sent_at is not null then 2 else 0 end
    + case when s.delivered_at is null and r.delivered_at is not null then 4 else 0 end
    + case when s.read_at is null and r.read_at is not null then 8 else 0 end
    + case when r.failed_at is not null and (s.failed_at is null or r.rank > s.rank) then 16 else 0 end
    + case when s.played_at is null and r.played_at is not null then 32 else 0 end
    + case when s.wamid <> r.wamid and not r.wamid = any(coalesce(s.other_wamids, '{}')) then 64 else 0 end,
  pending_at = least(s.pending_at, to_timestamp(r.pending_at / 1000)),
  sent_at = least(s.sent_at, to_timestamp(r.sent_at / 1000)),
  delivered_at = least(s.delivered_at, to_timestamp(r.delivered_at / 1000)),
  read_at = least(s.read_at, to_timestamp(r.read_at / 1000)),
  failed_at = least(s.failed_at, to_timestamp(r.failed_at / 1000)),
  played_at = least(s.played_at, to_timestamp(r.played_at / 1000)),
  first_answer = coalesce(s.first_answer, r.first_answer)
from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::jsonb[], $7::jsonb[], $8::float8[], $9::float8[],
  $10::float8[], $11::float8[], $12::float8[], $13::text[], $14::float8[])
  as r (organisation_id, id, state, rank, wamid, failure, pricing, pending_at, sent_at, delivered_at, read_at, failed_at, first_answer,
    played_at)
where s.organisation_id = r.organisation_id and s.id = r.id and s.state <> 'void'
returning s.id, s.phone_number_id, s.conversation, s.state, s.may_have_left, s.wamid, s.other_wamids, s.failure, s.attempt,
  (extract(epoch from s.attempt_at) * 1000)::float8 as attempt_at, s.first_answer, s.news,
  (extract(epoch from s.sent_at) * 1000)::float8 as sent_at, (extract(epoch from s.delivered_at) * 1000)::float8 as delivered_at,
  (extract(epoch from s.read_at) * 1000)::float8 as read_at, (extract(epoch from s.failed_at) * 1000)::float8 as failed_at`;

interface Returned {
  id: string;
  phone_number_id: string;
  conversation: string;
  state: string;
  may_have_left: boolean;
  wamid: string;
  other_wamids: string[] | null;
  failure: Failure | null;
  attempt: number;
  attempt_at: number | null;
  first_answer: string | null;
  news: number;
  sent_at: number | null;
  delivered_at: number | null;
  read_at: number | null;
  failed_at: number | null;
}

/** Applies rows (each message once); answers nothing for ids that are not there. */
export async function progressRows(db: Queryable, rows: readonly ProgressRow[]): Promise<ProgressedRow[]> {
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const returned = await db.query<Returned>(
    PROGRESS,
    [
      ordered.map((r) => r.organisationId),
      ordered.map((r) => r.id),
      ordered.map((r) => r.state),
      ordered.map((r) => r.rank),
      ordered.map((r) => r.wamid),
      ordered.map((r) => (r.failure === null ? null : JSON.stringify(r.failure))),
      ordered.map((r) => (r.pricing === null || r.pricing === undefined ? null : JSON.stringify(r.pricing))),
      ordered.map((r) => r.pendingAt),
      ordered.map((r) => r.sentAt),
      ordered.map((r) => r.deliveredAt),
      ordered.map((r) => r.readAt),
      ordered.map((r) => r.failedAt),
      ordered.map((r) => r.firstAnswer),
      ordered.map((r) => r.playedAt),
    ],
    'progress',
  );
  return returned.map(toProgressed);
}

/** The messages that Meta's ids belong to (index message_states_wamids). All of one number, so that the wamid alone names them. */
export async function idsOfWamids(
  db: Queryable,
  wamids: readonly { organisationId: string; phoneNumberId: string; wamid: string }[],
): Promise<Map<string, string>> {
  const rows = await db.query<{ wamid: string; id: string }>(
    `select s.wamid, min(s.id) as id from unnest($1::text[], $2::text[], $3::text[]) as t (organisation_id, phone_number_id, wamid)
     join message_states s on s.organisation_id = t.organisation_id and s.wamid = t.wamid and s.phone_number_id = t.phone_number_id
     join messages m on m.organisation_id = s.organisation_id and m.id = s.id and m.direction = 'outbound'
     group by s.wamid`,
    [wamids.map((w) => w.organisationId), wamids.map((w) => w.phoneNumberId), wamids.map((w) => w.wamid)],
  );
  return new Map(rows.map((row) => [row.wamid, row.id]));
}

export interface ToldRow {
  id: string;
  phoneNumberId: string;
  conversation: string;
  wamid: string | null;
  /** Null: through Kurir. */
  source: Message['source'];
  type: string;
  body: JsonObject;
  callbackData: string | null;
  createdAt: Date;
  /** Null where the conversation is not there yet. */
  conversationId: ConversationId | null;
  /** The conversation's own key, where the message went to another one of the customer's. */
  sameAs: string | null;
  name: string | null;
  phone: string | null;
  userId: string | null;
}

/** What is known of messages, for those who hear of them (primary keys). */
export function readTold(
  db: Queryable,
  messages: readonly { organisationId: string; id: string }[],
): Promise<ToldRow[]> {
  return db.query(
    `select m.id, m.phone_number_id as "phoneNumberId", m.conversation, s.wamid, m.source, m.type, m.body, m.callback_data as "callbackData", m.created_at as "createdAt", c.id as "conversationId",
       c.same_as as "sameAs", ${called('p')} as name, p.phone, p.user_id as "userId"
     from unnest($1::text[], $2::text[]) as t (organisation_id, id)
     join messages m on m.organisation_id = t.organisation_id and m.id = t.id
     join message_states s on s.organisation_id = t.organisation_id and s.id = t.id
     left join conversations c on c.organisation_id = m.organisation_id and c.phone_number_id = m.phone_number_id and c.conversation = m.conversation
     left join contacts p on p.organisation_id = c.organisation_id and p.id = 'ctc' || substr(c.id, 4)`,
    [messages.map((m) => m.organisationId), messages.map((m) => m.id)],
    'read-told',
  );
}

/** Whether an attempt of the number is open or unknown (index message_states_ready). */
export async function hasOpenAttempt(db: Queryable, phoneNumberId: string): Promise<boolean> {
  const rows = await db.query(
    'select 1 from message_states where phone_number_id = $1 and line = 9 and ready_at is not null limit 1',
    [phoneNumberId],
  );
  return rows.length > 0;
}

function toProgressed(r: Returned): ProgressedRow {
  return {
    id: r.id,
    phoneNumberId: r.phone_number_id,
    conversation: r.conversation,
    state: r.state,
    mayHaveLeft: r.may_have_left,
    wamid: r.wamid,
    otherWamids: r.other_wamids ?? [],
    failure: r.failure,
    attempt: r.attempt,
    attemptAt: r.attempt_at,
    firstAnswer: r.first_answer,
    news: r.news,
    times: { sent: r.sent_at, delivered: r.delivered_at, read: r.read_at, failed: r.failed_at },
  };
}
