// SQL of messages that were written outside of Kurir: echoes of what the business wrote in an app of its own, and what was written before
// the number was connected.
import type { OrganisationId } from '../kernel/ids.ts';
import type { Failure } from '../kernel/errors.ts';
import type { Queryable } from '../storage/db.ts';
import type { Direction, MessageState } from './message.ts';

export interface ElsewhereRow {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string;
  direction: Direction;
  source: 'app' | 'history';
  type: string;
  recipient: string;
  conversation: string;
  body: string;
  wamid: string;
  at: number;
  state: MessageState;
  rank: number;
  failure: Failure | null;
}

// Safe because: the id follows from number, wamid and moment, so that a repetition conflicts with what is there. It changes nothing but a
// placeholder, whose media Meta tells a little later. What an application sent through Kurir is there by another id (index
// message_states_wamids).
const KEEP = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[],
    $11::float8[], $12::text[], $13::smallint[], $14::jsonb[])
  as input (organisation_id, id, phone_number_id, direction, source, type, recipient, conversation, body, wamid, at, state, rank, failure)
), unknown as (
  select * from input i where not exists (
    select from message_states s where s.wamid = i.wamid and s.organisation_id = i.organisation_id and s.phone_number_id = i.phone_number_id and s.id <> i.id)
), kept as (
  insert into messages as m (organisation_id, id, phone_number_id, direction, source, type, recipient, conversation, body, created_at)
  select organisation_id, id, phone_number_id, direction, source, type, recipient, conversation, body, to_timestamp(at / 1000)
  from unknown order by organisation_id, id
  on conflict (organisation_id, id) do update set type = excluded.type, body = excluded.body
    where m.type = 'media_placeholder' and excluded.type <> 'media_placeholder'
  returning id, xmax = 0 as is_new
), states as (
  insert into message_states (organisation_id, id, phone_number_id, conversation, state, rank, line, priority, wamid, failure, accepted_at, sent_at)
  select organisation_id, id, phone_number_id, conversation, state, rank, 2, 2, wamid, failure, to_timestamp(at / 1000),
    case when direction = 'outbound' then to_timestamp(at / 1000) end
  from unknown order by organisation_id, id on conflict do nothing
)
select id, is_new from kept`;

/** Returns the ids of those that are new, or of which more is known now. */
export async function insertElsewhere(
  tx: Queryable,
  rows: readonly ElsewhereRow[],
): Promise<{ id: string; isNew: boolean }[]> {
  const kept = await tx.query<{ id: string; is_new: boolean }>(KEEP, [
    rows.map((r) => r.organisationId),
    rows.map((r) => r.id),
    rows.map((r) => r.phoneNumberId),
    rows.map((r) => r.direction),
    rows.map((r) => r.source),
    rows.map((r) => r.type),
    rows.map((r) => r.recipient),
    rows.map((r) => r.conversation),
    rows.map((r) => r.body),
    rows.map((r) => r.wamid),
    rows.map((r) => r.at),
    rows.map((r) => r.state),
    rows.map((r) => r.rank),
    rows.map((r) => (r.failure === null ? null : JSON.stringify(r.failure))),
  ]);
  return kept.map((row) => ({ id: row.id, isNew: row.is_new }));
}
