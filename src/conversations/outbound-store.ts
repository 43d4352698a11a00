// SQL of what outbound messages bring about: conversations and contacts that were not there, and when the business last wrote.
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import { namesInKey } from './conversation.ts';
import { contactIdOf, conversationIdOf } from './ids.ts';

export interface WrittenTo {
  organisationId: OrganisationId;
  phoneNumberId: string;
  /** As in `messages.conversation`. */
  conversation: string;
  /** When it was found missing, or Meta took the message. */
  at: number;
  /** Meta took the message. */
  sent: boolean;
}

// Safe because: whatever is there stays, but for moments that only go forward; rows of each table are taken in the order of their keys,
// and those that are updated are locked in it first, as inbound takes them.
//
// A customer may be known by another key than the one that was written to: by the phone of a contact that was first met by its user id, or
// the user id of one that was met by its phone (indexes contacts_by_phone, contacts_by_user_id). The conversation is then that customer's,
// and a row of the name that was written to says so.
const KEEP_OUTBOUND = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::boolean[])
  as input (organisation_id, phone_number_id, conversation, id, contact_id, phone, user_id, at, sent)
), who as (
  select i.*, coalesce(p.key, u.key, i.conversation) as key, coalesce('cnv' || substr(coalesce(p.id, u.id), 4), i.id) as key_id,
    p.key is null and u.key is null and coalesce(i.phone, i.user_id) is not null as absent
  from input i left join lateral (
    select c.key, c.id from contacts c where c.organisation_id || ' ' || c.phone_number_id || ' ' || c.phone
      = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.phone order by c.user_id is null, c.created_at limit 1) p on true
  left join lateral (
    select c.key, c.id from contacts c where c.organisation_id || ' ' || c.phone_number_id || ' ' || c.user_id
      = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.user_id order by c.phone is null, c.created_at limit 1) u on true
), met as (
  insert into contacts (organisation_id, id, phone_number_id, key, phone, user_id, created_at, updated_at)
  select organisation_id, contact_id, phone_number_id, conversation, phone, user_id, to_timestamp(at / 1000), to_timestamp(at / 1000)
  from who where absent order by 1, 2 on conflict do nothing returning id, organisation_id, phone_number_id
), named as (
  select organisation_id, phone_number_id, key as conversation, key_id as id, null as same_as, max(at) as at, max(at) filter (where sent) as sent_at
  from who group by 1, 2, 3, 4
  union all select organisation_id, phone_number_id, conversation, key_id, key, at, null from who where key <> conversation
), present as (
  select n.*, c.id is null as absent, c.last_outbound_at from named n left join conversations c on c.organisation_id = n.organisation_id
    and c.phone_number_id = n.phone_number_id and c.conversation = n.conversation
), made as (
  insert into conversations (organisation_id, phone_number_id, conversation, id, same_as, last_message_at, last_outbound_at, created_at, updated_at)
  select organisation_id, phone_number_id, conversation, id, same_as, to_timestamp(at / 1000), to_timestamp(sent_at / 1000), to_timestamp(at / 1000), to_timestamp(at / 1000)
  from present where absent order by 1, 2, 3 on conflict do nothing returning id, organisation_id, phone_number_id, same_as
), late as (
  select c.organisation_id, c.phone_number_id, c.conversation, to_timestamp(p.sent_at / 1000) as sent_at
  from present p join conversations c on c.organisation_id = p.organisation_id and c.phone_number_id = p.phone_number_id and c.conversation = p.conversation
  where p.sent_at is not null and not p.absent and (p.last_outbound_at is null or p.last_outbound_at < to_timestamp(p.sent_at / 1000))
  order by 1, 2, 3 for no key update of c
), written as (
  update conversations c set last_outbound_at = greatest(c.last_outbound_at, l.sent_at), last_message_at = greatest(c.last_message_at, l.sent_at)
  from late l where c.organisation_id = l.organisation_id and c.phone_number_id = l.phone_number_id and c.conversation = l.conversation
)
select id, organisation_id as "organisationId", phone_number_id as "phoneNumberId" from met
union all select id, organisation_id, phone_number_id from made where same_as is null`;

export interface MadeByWriting {
  /** Of a conversation, or of a contact. */
  id: string;
  organisationId: OrganisationId;
  phoneNumberId: string;
}

/** Writes down whom the business wrote to, each conversation once; returns the conversations and contacts that were not there. */
export async function keepOutbound(db: Queryable, rows: readonly WrittenTo[]): Promise<MadeByWriting[]> {
  const names = rows.map(({ conversation }) => namesInKey(conversation));
  return db.query<MadeByWriting>(
    KEEP_OUTBOUND,
    [
      rows.map((r) => r.organisationId),
      rows.map((r) => r.phoneNumberId),
      rows.map((r) => r.conversation),
      rows.map((r) => conversationIdOf(r.phoneNumberId, r.conversation)),
      rows.map((r) => contactIdOf(r.phoneNumberId, r.conversation)),
      names.map(({ phone }) => phone),
      names.map(({ userId }) => userId),
      rows.map((r) => r.at),
      rows.map((r) => r.sent),
    ],
    'keep-outbound',
  );
}
