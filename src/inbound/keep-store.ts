// SQL of keeping customers' messages: message, live state, conversation and contact in ONE statement, shared by all messages of the moment.
// Like the accept it writes tables of other rooms, because a message that is new, and it alone, opens the window, counts as unread and
// introduces its customer.
import { contactIdOf, conversationIdOf } from '../conversations/ids.ts';
import type { ContactId, ConversationId } from '../kernel/ids.ts';
import type { ToldMedia } from '../meta/inbound-media.ts';
import type { Queryable } from '../storage/db.ts';

export interface InboundMessage {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  type: string;
  recipient: string;
  /** The conversation, where it is a group's; else it is the sender's. */
  groupId: string | null;
  /** Nobody, in what a group says of itself. */
  sender: Sender | null;
  body: string;
  wamid: string;
  at: number;
  /** The customer says something, now: it is unread, opens the window and reopens the conversation. Not so what WhatsApp says. */
  speaks: boolean;
  media: ToldMedia | null;
}

/** Who wrote, at least by a phone or a user id. */
export interface Sender extends Names {
  /** What the customer was called before, where the message tells of the change. */
  before?: Pick<Names, 'phone' | 'userId'>;
}

interface Names {
  /** Digits. */
  phone: string | null;
  userId: string | null;
  parentUserId: string | null;
  username: string | null;
  profileName: string | null;
}

/** A message that was not there before, and what it brought about. */
export interface KeptMessage {
  conversation: string;
  conversationId: ConversationId;
  /** The conversation begins with it. */
  isNewConversation: boolean;
  /** The conversation was resolved, and is open again because of it. */
  reopens: boolean;
  contact: MetContact | null;
}

export interface MetContact {
  id: ContactId;
  /** What the customer is called: by people, else in the address book, else by WhatsApp. */
  name: string | null;
  phone: string | null;
  userId: string | null;
  username: string | null;
  isNew: boolean;
  /** What is now known of it and was not, or was something else. */
  changed: ('phone' | 'user_id' | 'username' | 'profile_name')[];
}

// Safe because: the id of a message follows from number, wamid and moment, so that a repetition conflicts with what is there, and what is
// not in `kept` changes nothing else. Rows of each table are taken in the order of their keys.
//
// Meta tells seconds. Within one the messages of a number stand as they came: each a microsecond after the latest that is there (index
// messages_of_number), which nobody is shown; a repetition stays where it is.
//
// A customer is found by the phone, else by the user id (indexes contacts_by_phone, contacts_by_user_id), else is new. `(… in …) is true` looks each id up in a table of its own; a join would compare all with all.
const KEEP = `
with input as (
  select * from rows from (unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::float8[], $19::boolean[]),
    jsonb_array_elements($20::jsonb)) with ordinality
  as input (organisation_id, id, phone_number_id, type, recipient, wamid, group_id, new_conversation_id, new_key, new_contact_id, by_phone,
    by_user_id, phone, user_id, parent_user_id, username, profile_name, at, speaks, body, place)
), who as (
  select i.*, coalesce(p.key, u.key, i.new_key) as key, coalesce(p.id, u.id, i.new_contact_id) as contact_id,
    coalesce(i.group_id, p.key, u.key, i.new_key) as conversation
  from input i left join lateral (
    select c.key, c.id from contacts c where c.organisation_id || ' ' || c.phone_number_id || ' ' || c.phone
      = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.by_phone order by c.user_id is null, c.created_at limit 1) p on true
  left join lateral (
    select c.key, c.id from contacts c where c.organisation_id || ' ' || c.phone_number_id || ' ' || c.user_id
      = i.organisation_id || ' ' || i.phone_number_id || ' ' || i.by_user_id order by c.phone is null, c.created_at limit 1) u on true
), placed as (
  select w.*, to_timestamp(at / 1000) + interval '1 microsecond' * least(999, coalesce(l.beyond, -1)
    + row_number() over (partition by w.phone_number_id, w.at order by w.place)) as created_at
  from who w left join lateral (
    select extract(microseconds from m.created_at)::int % 1000 as beyond from messages m
    where m.phone_number_id = w.phone_number_id and m.organisation_id = w.organisation_id
      and m.created_at >= to_timestamp(w.at / 1000) and m.created_at < to_timestamp(w.at / 1000) + interval '1 millisecond'
    order by m.created_at desc limit 1) l on true
), kept as (
  insert into messages (organisation_id, id, phone_number_id, direction, type, recipient, conversation, body, created_at)
  select organisation_id, id, phone_number_id, 'inbound', type, recipient, conversation, body, created_at from placed
  order by organisation_id, id on conflict do nothing returning id
), states as (
  insert into message_states (organisation_id, id, phone_number_id, conversation, state, rank, line, priority, wamid, accepted_at)
  select organisation_id, id, phone_number_id, conversation, 'delivered', 40, 2, 2, wamid, to_timestamp(at / 1000) from who
  order by organisation_id, id on conflict do nothing
), fresh as (
  select * from who where (id in (select id from kept)) is true
), told as (
  select organisation_id, phone_number_id, key, contact_id as id, (array_agg(phone order by at desc) filter (where phone is not null))[1] as phone,
    (array_agg(user_id order by at desc) filter (where user_id is not null))[1] as user_id,
    (array_agg(parent_user_id order by at desc) filter (where parent_user_id is not null))[1] as parent_user_id,
    (array_agg(username order by at desc) filter (where username is not null))[1] as username,
    (array_agg(profile_name order by at desc) filter (where profile_name is not null))[1] as profile_name
  from fresh where key is not null group by 1, 2, 3, 4
), people as (
  select t.*, c.id is null as absent, coalesce(c.name, c.book_name, t.profile_name, c.profile_name) as name, coalesce(t.phone, c.phone) as present_phone,
    coalesce(t.user_id, c.user_id) as present_user_id, coalesce(t.username, c.username) as present_username, array_remove(array[
      case when t.phone <> coalesce(c.phone, '') then 'phone' end, case when t.user_id <> coalesce(c.user_id, '') then 'user_id' end,
      case when t.username <> coalesce(c.username, '') then 'username' end,
      case when t.profile_name <> coalesce(c.profile_name, '') then 'profile_name' end], null) as changed,
    t.parent_user_id <> coalesce(c.parent_user_id, '') as parent_changed
  from told t left join contacts c on c.organisation_id = t.organisation_id and c.id = t.id
), met as (
  insert into contacts as c (organisation_id, id, phone_number_id, key, phone, user_id, parent_user_id, username, profile_name, created_at, updated_at)
  select organisation_id, id, phone_number_id, key, phone, user_id, parent_user_id, username, profile_name, to_timestamp($21::float8 / 1000), to_timestamp($21::float8 / 1000)
  from people where absent or parent_changed or changed <> '{}' order by 1, 2
  on conflict (organisation_id, id) do update set
    phone = coalesce(excluded.phone, c.phone), user_id = coalesce(excluded.user_id, c.user_id),
    parent_user_id = coalesce(excluded.parent_user_id, c.parent_user_id), username = coalesce(excluded.username, c.username),
    profile_name = coalesce(excluded.profile_name, c.profile_name), updated_at = excluded.updated_at
  returning phone_number_id, key, xmax = 0 as is_new
), talks as (
  insert into conversations as c (organisation_id, phone_number_id, conversation, id, opened_by, unread_count, last_message_at, last_inbound_at, created_at, updated_at)
  select organisation_id, phone_number_id, conversation,
    min(case when group_id is null then 'cnv' || substr(contact_id, 4) else new_conversation_id end), min(id) filter (where speaks), count(*) filter (where speaks),
    to_timestamp(max(at) / 1000), to_timestamp(max(at) filter (where speaks) / 1000), to_timestamp($21::float8 / 1000), to_timestamp($21::float8 / 1000)
  from fresh group by 1, 2, 3 order by 1, 2, 3
  on conflict (organisation_id, phone_number_id, conversation) do update set
    id = excluded.id, same_as = null,
    status = case when excluded.unread_count > 0 and c.status = 'resolved' then 'open' else c.status end,
    opened_by = case when excluded.unread_count > 0 and c.status = 'resolved' then excluded.opened_by else c.opened_by end,
    unread_count = c.unread_count + excluded.unread_count,
    last_message_at = greatest(c.last_message_at, case when excluded.unread_count > 0 then excluded.last_inbound_at end),
    last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at), updated_at = excluded.updated_at
  returning phone_number_id, conversation, opened_by, xmax = 0 as is_new
)
select 'message' as what, id, phone_number_id, conversation as key, key as contact_key, null as name, null as phone, null as user_id,
  null as username, true as is_new, null::text[] as changed, null as opened_by from fresh
union all select 'person', null, phone_number_id, key, null, name, present_phone, present_user_id, present_username, false, changed, null from people
union all select 'met', null, phone_number_id, key, null, null, null, null, null, is_new, null, null from met
union all select 'talk', null, phone_number_id, conversation, null, null, null, null, null, is_new, null, opened_by from talks`;

interface Returned {
  what: 'message' | 'person' | 'met' | 'talk';
  id: string | null;
  phone_number_id: string;
  /** Of the conversation, or of the contact. */
  key: string;
  contact_key: string | null;
  name: string | null;
  phone: string | null;
  user_id: string | null;
  username: string | null;
  is_new: boolean;
  changed: MetContact['changed'] | null;
  /** Of a conversation: the message that opened it, at first or again, be it now or long ago. */
  opened_by: string | null;
}

/** Keeps messages; null for one that was there before. */
export async function keepInbound(
  db: Queryable,
  rows: readonly InboundMessage[],
  now: number,
): Promise<(KeptMessage | null)[]> {
  // Meta may tell one twice in one breath.
  const once = [...new Map(rows.map((row) => [row.id, row])).values()];
  const keys = newKeys(once);
  const returned = await db.query<Returned>(
    KEEP,
    [
      once.map((r) => r.organisationId),
      once.map((r) => r.id),
      once.map((r) => r.phoneNumberId),
      once.map((r) => r.type),
      once.map((r) => r.recipient),
      once.map((r) => r.wamid),
      once.map((r) => r.groupId),
      once.map((r, i) => conversationIdOf(r.phoneNumberId, r.groupId ?? keys[i] ?? '')),
      keys,
      once.map((r, i) => contactIdOf(r.phoneNumberId, keys[i] ?? '')),
      once.map(({ sender }) => (sender?.before ?? sender)?.phone ?? null),
      once.map(({ sender }) => (sender?.before ?? sender)?.userId ?? null),
      once.map((r) => r.sender?.phone ?? null),
      once.map((r) => r.sender?.userId ?? null),
      once.map((r) => r.sender?.parentUserId ?? null),
      once.map((r) => r.sender?.username ?? null),
      once.map((r) => r.sender?.profileName ?? null),
      once.map((r) => r.at),
      once.map((r) => r.speaks),
      `[${once.map((r) => r.body).join(',')}]`,
      now,
    ],
    'keep-inbound',
  );
  return keptOf(rows, returned);
}

// What a sender is called by that nobody knows yet: by the phone, be it told with another message of the moment.
function newKeys(rows: readonly InboundMessage[]): (string | null)[] {
  const phones = new Map<string, string>();
  for (const { phoneNumberId, sender } of rows)
    if (sender?.phone && sender.userId) phones.set(`${phoneNumberId}/${sender.userId}`, sender.phone);
  return rows.map(({ phoneNumberId, sender }) => {
    const names = sender?.before ?? sender;
    if (!names) return null;
    return names.phone ?? phones.get(`${phoneNumberId}/${names.userId}`) ?? names.userId;
  });
}

// What is new is so for the first message that brings it.
function keptOf(rows: readonly InboundMessage[], returned: readonly Returned[]): (KeptMessage | null)[] {
  const found = new Map(returned.map((row) => [nameOf(row), row]));
  const take = (name: string): boolean => found.get(name)?.is_new === true && found.delete(name);
  return rows.map(({ id }) => {
    const message = found.get(`message ${id}`);
    if (!message) return null;
    found.delete(`message ${id}`);
    const { phone_number_id, key, contact_key } = message;
    const person = found.get(`person ${phone_number_id} ${contact_key}`);
    const changed = person?.changed ?? [];
    if (person) person.changed = [];
    const talk = found.get(`talk ${phone_number_id} ${key}`);
    return {
      conversation: key,
      conversationId: conversationIdOf(phone_number_id, key),
      isNewConversation: take(`talk ${phone_number_id} ${key}`),
      reopens: talk?.is_new === false && talk.opened_by === id,
      contact: person
        ? {
            id: contactIdOf(phone_number_id, person.key),
            name: person.name,
            phone: person.phone,
            userId: person.user_id,
            username: person.username,
            isNew: take(`met ${phone_number_id} ${contact_key}`),
            changed,
          }
        : null,
    };
  });
}

function nameOf(row: Returned): string {
  return row.what === 'message' ? `message ${row.id}` : `${row.what} ${row.phone_number_id} ${row.key}`;
}
