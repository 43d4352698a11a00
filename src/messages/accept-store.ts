// The accept: key, payload, live state and intent in ONE statement, shared by all sends of the moment. This is the one store
// that writes tables of several rooms, because one commit is what "accepted" means.
import type { Queryable } from '../storage/db.ts';

export interface AcceptRow {
  id: string;
  organisationId: string;
  phoneNumberId: string;
  type: string;
  recipient: string;
  conversation: string;
  body: string;
  callbackData: string | null;
  key: string | null;
  fingerprint: string | null;
  line: number;
  priority: number;
  expiresAt: number;
  /** A caller is owed a wamid for so long; afterwards nothing may leave. */
  owedForMs: number | null;
  firstAnswer: string | null;
  /** The epoch of the lane in which a place is taken for it, or in which it stands behind another one; null: it goes to the queue. */
  epoch: number | null;
  /** Its lane's owner, who accepts it, knows of one before it: where the table agrees, it is not ready before that is settled. */
  behind: boolean;
  at: number;
}

export interface AcceptedRow {
  /** behind: queued, and ready when the lane's owner makes it so. */
  state: 'queued' | 'behind' | 'intended';
  /** When the customer last wrote to this number, as far as we know. */
  lastInboundAt: Date | null;
  /** Of its conversation; null where that is not there yet. */
  conversationId: string | null;
}

// Safe because: the key row is inserted first and whoever loses it writes nothing (it looks at the winner's row afterwards: this
// statement cannot see it). Keys go in their order, so that two batches never wait for each other crosswise.
// An intent is written only under the lane's present epoch and only when nothing unsettled stands before it to that recipient; only
// under that epoch, too, a message is written as one that is not ready, because then its owner knows of it (index message_states_turns; `select true … limit 1` keeps the planner from hashing the table, as `exists` would).
const ACCEPT = `
with input as (
  select * from rows from (unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $8::text[], $9::text[],
    $10::text[], $11::smallint[], $12::smallint[], $13::float8[], $14::float8[], $15::text[], $16::bigint[], $17::float8[], $19::boolean[]),
    jsonb_array_elements($7::jsonb))
  with ordinality as input (id, organisation_id, phone_number_id, type, recipient, conversation, callback_data, key,
    fingerprint, line, priority, expires_at, owed_for, first_answer, epoch, at, behind, body, place)
), keyed as (
  insert into idempotency_keys (organisation_id, key, fingerprint, message_id, created_at)
  select organisation_id, key, decode(fingerprint, 'hex'), id, to_timestamp(at / 1000) from input where key is not null order by organisation_id, key
  on conflict do nothing returning message_id
), fresh as (
  select * from input where key is null or id in (select message_id from keyed)
), payload as (
  insert into messages (organisation_id, id, phone_number_id, direction, type, recipient, conversation, body, callback_data, idempotency_key, created_at)
  select organisation_id, id, phone_number_id, 'outbound', type, recipient, conversation, body, callback_data, key, to_timestamp(at / 1000) from fresh
), judged as (
  select fresh.*, case
    when epoch is null
      or (select true from lanes l where l.phone_number_id = fresh.phone_number_id and l.owner = $18 and l.epoch = fresh.epoch) is null
      then 'queued'
    when (select true from message_states s where s.organisation_id = fresh.organisation_id and s.phone_number_id = fresh.phone_number_id
        and s.conversation = fresh.conversation and s.turn is not null limit 1) is null
      then case when behind then 'queued' else 'intended' end
    else case when behind then 'behind' else 'queued' end end as becomes
  from fresh order by place
), states as (
  insert into message_states (organisation_id, id, phone_number_id, conversation, state, rank, turn, line, priority, ready_at, attempt,
    epoch, attempt_at, expires_at, owed_until, first_answer, accepted_at)
  select organisation_id, id, phone_number_id, conversation, case when becomes = 'intended' then 'intended' else 'queued' end, 0,
    nextval('message_turns'), case when becomes = 'intended' then 9 else line end, priority,
    case becomes when 'intended' then to_timestamp(at / 1000) + interval '60 seconds' when 'queued' then to_timestamp(at / 1000) end,
    (becomes = 'intended')::int, case when becomes = 'intended' then epoch end, case when becomes = 'intended' then to_timestamp(at / 1000) end,
    to_timestamp(expires_at / 1000), case when owed_for is not null then database_now() + make_interval(secs => owed_for / 1000) end, first_answer, to_timestamp(at / 1000)
  from judged
  returning id, case when ready_at is null then 'behind' else state end as state, organisation_id, phone_number_id, conversation
)
select states.id, states.state, c.id as conversation_id, case when c.same_as is null then c.last_inbound_at else (
    select o.last_inbound_at from conversations o where o.organisation_id = c.organisation_id and o.phone_number_id = c.phone_number_id
    and o.conversation = c.same_as) end as last_inbound_at
from states left join conversations c on c.organisation_id = states.organisation_id and c.phone_number_id = states.phone_number_id
  and c.conversation = states.conversation`;

/** Accepts rows; null where the key was somebody else's: that row wrote nothing. */
export async function acceptRows(
  db: Queryable,
  nodeId: string,
  rows: readonly AcceptRow[],
): Promise<(AcceptedRow | null)[]> {
  const columns = [
    rows.map((r) => r.id),
    rows.map((r) => r.organisationId),
    rows.map((r) => r.phoneNumberId),
    rows.map((r) => r.type),
    rows.map((r) => r.recipient),
    rows.map((r) => r.conversation),
    `[${rows.map((r) => r.body).join(',')}]`,
    rows.map((r) => r.callbackData),
    rows.map((r) => r.key),
    rows.map((r) => r.fingerprint),
    rows.map((r) => r.line),
    rows.map((r) => r.priority),
    rows.map((r) => r.expiresAt),
    rows.map((r) => r.owedForMs),
    rows.map((r) => r.firstAnswer),
    rows.map((r) => r.epoch),
    rows.map((r) => r.at),
    nodeId,
    rows.map((r) => r.behind),
  ];
  const accepted = await db.query<{
    id: string;
    state: AcceptedRow['state'];
    conversation_id: string | null;
    last_inbound_at: Date | null;
  }>(ACCEPT, columns, 'accept');
  const byId = new Map(accepted.map((row) => [row.id, row]));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (!found) return null;
    const { state, last_inbound_at: lastInboundAt, conversation_id: conversationId } = found;
    return { state, lastInboundAt, conversationId };
  });
}

/** After an accept whose answer was lost: forbids each id, or finds that it is there. The insert waits for the lost transaction
 *  while that is open; afterwards the row is either ours to go on with, or can never appear. Returns the ids that were accepted: a
 *  second look says so, because an id may be there as one that we forbade before and never heard of. */
export async function voidRows(db: Queryable, rows: readonly AcceptRow[]): Promise<Set<string>> {
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await db.query(
    `with voided as (
       insert into message_states (organisation_id, id, phone_number_id, conversation, state, rank, line, priority, accepted_at)
       select organisation_id, id, phone_number_id, conversation, 'void', 99, 2, 2, database_now()
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as t (organisation_id, id, phone_number_id, conversation)
       on conflict do nothing returning organisation_id, id
     )
     insert into void_messages (organisation_id, id, voided_at) select organisation_id, id, database_now() from voided`,
    [
      ordered.map((r) => r.organisationId),
      ordered.map((r) => r.id),
      ordered.map((r) => r.phoneNumberId),
      ordered.map((r) => r.conversation),
    ],
  );
  const accepted = await db.query<{ id: string }>(
    `select s.id from unnest($1::text[], $2::text[]) as t (organisation_id, id) join message_states s using (organisation_id, id)
     where s.state <> 'void'`,
    [ordered.map((r) => r.organisationId), ordered.map((r) => r.id)],
  );
  return new Set(accepted.map((row) => row.id));
}
