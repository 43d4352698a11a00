// SQL of what comes in: customers' messages, and what was set aside.
import type { Queryable } from '../storage/db.ts';

export interface InboundMessage {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  type: string;
  recipient: string;
  conversation: string;
  profileName: string | null;
  body: string;
  wamid: string;
  at: number;
}

// The id follows from number, wamid and moment, so that a repetition conflicts with what is there and changes nothing. The rows of
// conversations are taken in their order.
const KEEP = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::text[], $10::float8[])
  as input (organisation_id, id, phone_number_id, type, recipient, conversation, profile_name, body, wamid, at)
), kept as (
  insert into messages (organisation_id, id, phone_number_id, direction, type, recipient, conversation, body, created_at)
  select organisation_id, id, phone_number_id, 'inbound', type, recipient, conversation, body, to_timestamp(at / 1000) from input
  order by organisation_id, id on conflict do nothing
), states as (
  insert into message_states (organisation_id, id, phone_number_id, conversation, state, rank, line, priority, wamid, accepted_at)
  select organisation_id, id, phone_number_id, conversation, 'delivered', 40, 2, 2, wamid, to_timestamp(at / 1000) from input
  order by organisation_id, id on conflict do nothing
)
insert into conversations (organisation_id, phone_number_id, conversation, profile_name, last_inbound_at, created_at)
select organisation_id, phone_number_id, conversation, max(profile_name), to_timestamp(max(at) / 1000), to_timestamp(min(at) / 1000) from input
group by 1, 2, 3 order by 1, 2, 3
on conflict (organisation_id, phone_number_id, conversation) do update set
  last_inbound_at = greatest(conversations.last_inbound_at, excluded.last_inbound_at),
  profile_name = coalesce(excluded.profile_name, conversations.profile_name)`;

export async function keepInbound(db: Queryable, rows: readonly InboundMessage[]): Promise<void> {
  await db.query(
    KEEP,
    [
      rows.map((r) => r.organisationId),
      rows.map((r) => r.id),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.type),
      rows.map((r) => r.recipient),
      rows.map((r) => r.conversation),
      rows.map((r) => r.profileName),
      rows.map((r) => r.body),
      rows.map((r) => r.wamid),
      rows.map((r) => r.at),
    ],
    'keep-inbound',
  );
}

export interface Aside {
  appId: string;
  organisationId: string | null;
  phoneNumberId: string | null;
  field: string;
  reason: string;
  change: string;
  at: number;
}

/** Sets changes aside: kept, and nothing done with them. */
export async function keepAside(db: Queryable, rows: readonly Aside[]): Promise<void> {
  await db.query(
    `insert into inbound_aside (app_id, organisation_id, phone_number_id, field, reason, change, received_at)
     select app_id, organisation_id, phone_number_id, field, reason, change, to_timestamp(at / 1000)
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::float8[])
     as t (app_id, organisation_id, phone_number_id, field, reason, change, at)`,
    [
      rows.map((r) => r.appId),
      rows.map((r) => r.organisationId),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.field),
      rows.map((r) => r.reason),
      rows.map((r) => r.change),
      rows.map((r) => r.at),
    ],
  );
}
