-- The whole ground: who (organisations, apps, keys, numbers), whose turn (nodes, lanes), what (messages and their live
-- state, apart so that a status is a small update in place), what was asked (idempotency keys), with whom (contacts,
-- conversations), what came in (media, what was set aside), and who is told of it (subscriptions, tellings, deliveries).
--
-- Every key of an organisation's table has organisation_id in it, so that the tables can be distributed by it later; it stands
-- first but in idempotency_keys, where what differs most stands first, because an index compares it first. Other indexes leave
-- it out: a number is one organisation's, and only the key then fits a look by id, even to a planner that knows nothing yet.
-- No index names a state: `turn` is non-null while a message stands in its conversation's line, `ready_at` only where
-- something is to be done.

create table organisations (
  id text primary key,
  name text not null,
  -- Its own budgets; null: the installation's.
  write_per_minute integer check (write_per_minute > 0),
  read_per_minute integer check (read_per_minute > 0),
  created_at timestamptz not null default now()
);

create table apps (
  id text primary key,
  name text not null,
  meta_app_id text,
  app_secret bytea not null,
  verify_token bytea not null,
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create unique index apps_one_default on apps (is_default) where is_default;

create table api_keys (
  id text primary key,
  organisation_id text not null references organisations (id),
  label text not null,
  hash bytea not null unique,
  last4 text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_of_organisation on api_keys (organisation_id, created_at);

create table numbers (
  phone_number_id text primary key,
  organisation_id text not null references organisations (id),
  app_id text not null references apps (id),
  waba_id text not null,
  -- The digits of the number as customers see it, and as Meta writes it.
  phone text not null,
  display_phone_number text not null,
  verified_name text,
  access_token bytea not null,
  status text not null default 'connected' check (status in ('connected', 'disconnected', 'degraded', 'onboarding')),
  status_reason text,
  status_since timestamptz not null default now(),
  -- Messages a second; null: as fast as it goes.
  pace integer default 80 check (pace is null or pace > 0),
  -- Whether it follows Meta's throughput level, or was set by a person.
  pace_from_meta boolean not null default true,
  on_unknown text not null default 'fail' check (on_unknown in ('fail', 'resend')),
  -- Whether a free-form message outside the customer's window is refused at once, instead of by Meta later.
  window_check boolean not null default false,
  -- What Meta said of it, or of its account, by webhook: the last word on each thing.
  notes jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index numbers_of_organisation on numbers (organisation_id, created_at);
create index numbers_of_waba on numbers (waba_id);

-- The time of the database, which decides leases; a test may shift it.
create table clock_shift (one boolean primary key default true check (one), shift interval not null default '0');
insert into clock_shift default values;
create function database_now() returns timestamptz language sql stable as
  $$ select clock_timestamp() + shift from clock_shift $$;

create table nodes (
  id text primary key,
  seen_at timestamptz not null,
  -- The process behind it, for people.
  host text not null,
  pid integer not null,
  version text not null,
  started_at timestamptz not null,
  -- It stopped in order and left its lanes; null while it runs, or died.
  stopped_at timestamptz
);

create table lanes (
  phone_number_id text primary key references numbers (phone_number_id) on delete cascade,
  owner text,
  epoch bigint not null default 0,
  -- Messages in each line of its queue, as the owner last wrote it down (every few seconds).
  queued integer[] not null default '{0,0,0,0}',
  -- The latest attempt a status was heard of, and when: the evidence that our ears are open (unknown outcomes).
  heard_attempt_at timestamptz,
  heard_at timestamptz
);

-- Times in which no node was there to hear Meta's webhooks, or one was refused.
create table door_gaps (
  id bigint generated always as identity primary key,
  started_at timestamptz not null,
  ended_at timestamptz not null
);
create index door_gaps_by_end on door_gaps (ended_at);

create table idempotency_keys (
  organisation_id text not null,
  key text not null,
  fingerprint bytea not null,
  message_id text not null,
  created_at timestamptz not null,
  primary key (key, organisation_id)
);
create index idempotency_keys_by_age on idempotency_keys using brin (created_at);

-- What a message says. Written once.
create table messages (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  direction text not null,
  -- Where it was written if not through Kurir: `app` (the business's phone app, or another application), `history`.
  source text,
  type text not null,
  -- As the caller wrote it, and the key of the conversation: digits, a business-scoped user id, or a group.
  recipient text not null,
  conversation text not null,
  -- Outbound: Meta's shape without our token. Inbound: the whole message as Meta told it.
  body jsonb not null,
  callback_data text,
  -- By which the key is given back when the message is withdrawn: an index on the key's message would cost every send.
  idempotency_key text,
  created_at timestamptz not null,
  primary key (organisation_id, id)
);
create index messages_of_number on messages (phone_number_id, created_at);
-- By what they amend: of all other messages nothing is in it.
create index messages_amending on messages (phone_number_id, left(body #>> array[type, 'original_message_id'], 500)) where type in ('edit', 'revoke');
create index messages_of_conversation on messages (conversation, created_at);

-- The order of accepts: one sequence for the installation, never a clock.
create sequence message_turns;

-- How a message fares. Small, so that a status is an update in place (no index holds what a status changes).
create table message_states (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  conversation text not null,
  -- What is written once, or a few times, stands first; what every status changes stands last: an update in place logs only what
  -- lies between the first and the last byte that differ.
  accepted_at timestamptz not null,
  expires_at timestamptz,
  -- A caller is owed a wamid until then; afterwards nothing may leave.
  owed_until timestamptz,
  -- Of the present attempt: the lane's epoch it was opened under, and when.
  epoch bigint,
  attempt_at timestamptz,
  -- The moment the answer to Meta's call can no longer come; and since when the outcome is unknown.
  unknown_since timestamptz,
  attempt smallint not null default 0,
  refusals smallint not null default 0,
  priority smallint not null,
  -- An earlier attempt may have reached Meta.
  may_have_left boolean not null default false,
  wamid text,
  -- Further wamids Meta told for this message: it was delivered more than once.
  other_wamids text[],
  -- What the first answer to the caller said, for repeats with its key.
  first_answer text,
  pricing jsonb,
  -- The place in the conversation while something is to come of it that followers wait for.
  turn bigint,
  -- Which line of the lane it stands in (0 high, 1 waited for, 2 normal, 3 bulk, 9 watched: an attempt is open or its outcome
  -- unknown) and since or until when; null: nothing to do.
  line smallint not null,
  ready_at timestamptz,
  -- queued, intended, unknown, pending, sent, failed, delivered, read, void
  rank smallint not null,
  state text not null,
  failure jsonb,
  pending_at timestamptz,
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  failed_at timestamptz,
  played_at timestamptz,
  -- What the last step was the first to say, as bits (progress-store.ts): nothing is told twice.
  news smallint not null default 0,
  primary key (organisation_id, id)
) with (fillfactor = 60);
create index message_states_turns on message_states (phone_number_id, conversation, turn) where turn is not null;
create index message_states_ready on message_states (phone_number_id, line, ready_at) where ready_at is not null;
-- The queued ones alone (whatever is watched has line 9): each is in it once, and leaves it when it is sent or ended.
create index message_states_overdue on message_states (phone_number_id, least(expires_at, owed_until)) where turn is not null and line < 9;
create index message_states_wamids on message_states (wamid) where wamid is not null;
alter table message_states set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- Ids that were forbidden after the answer to their accept was lost, so that they can be forgotten again.
create table void_messages (
  organisation_id text not null,
  id text not null,
  voided_at timestamptz not null,
  primary key (organisation_id, id)
);

-- Attempts that ended without a wamid; the last one stands in message_states.
create table attempts (
  organisation_id text not null,
  message_id text not null,
  attempt smallint not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  outcome text not null,
  provider_code integer,
  detail text,
  primary key (organisation_id, message_id, attempt, started_at)
) partition by range (started_at);
create table attempts_default partition of attempts default;

-- A customer of a number: who it is. The key is that of the conversation with this customer: the phone number, or the user id where no
-- phone was known when it was first met; it stays what it was, whatever is learned later.
create table contacts (
  organisation_id text not null,
  -- A hash of the number and the key.
  id text not null,
  phone_number_id text not null,
  key text not null,
  -- As WhatsApp tells: digits, business-scoped user ids, a username, and the name the customer chose.
  phone text,
  user_id text,
  parent_user_id text,
  username text,
  profile_name text,
  -- As the business calls the customer in the address book of its phone app, and when it said so last, be it that it does so no more.
  book_name text,
  book_at timestamptz,
  -- As people set them.
  name text,
  email text,
  metadata jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organisation_id, id)
);
create index contacts_of_number on contacts (phone_number_id, created_at);
-- By one expression, so that no other index fits these looks: a planner that knows nothing of the table yet would take any that begins with
-- the number, and walk through all contacts of it for each customer who writes.
create index contacts_by_phone on contacts ((organisation_id || ' ' || phone_number_id || ' ' || phone));
create index contacts_by_user_id on contacts ((organisation_id || ' ' || phone_number_id || ' ' || user_id));

-- A conversation of a number with a customer or a group. Where a customer is written to by another name than the conversation's (by a
-- user id, and it goes by the phone), there is a further row of that name with the same id, which says whose it is: `same_as`.
create table conversations (
  organisation_id text not null,
  phone_number_id text not null,
  conversation text not null,
  id text not null,
  same_as text,
  status text not null default 'open' check (status in ('open', 'resolved', 'pending')),
  assignee text,
  -- The customer's message that opened it, at first or again: by it the statement that kept the message knows that it did.
  opened_by text,
  -- Customers' messages since the last one that was marked as read.
  unread_count integer not null default 0,
  last_message_at timestamptz not null,
  -- When the customer last wrote: the 24-hour window.
  last_inbound_at timestamptz,
  last_outbound_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organisation_id, phone_number_id, conversation)
);
create index conversations_ids on conversations (id);
create index conversations_latest on conversations (phone_number_id, last_message_at) where same_as is null;
-- Somebody's own, among all of a number.
create index conversations_assigned on conversations (phone_number_id, assignee, last_message_at) where same_as is null and assignee is not null;

-- Labels of an organisation, and what they are on. What goes away takes its labels along.
create table labels (
  organisation_id text not null,
  id text not null,
  name text not null,
  color text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organisation_id, id),
  unique (organisation_id, name)
);

create table contact_labels (
  organisation_id text not null,
  contact_id text not null,
  label_id text not null,
  primary key (organisation_id, contact_id, label_id),
  foreign key (organisation_id, contact_id) references contacts (organisation_id, id) on delete cascade,
  foreign key (organisation_id, label_id) references labels (organisation_id, id) on delete cascade
);
create index contact_labels_of_label on contact_labels (label_id);

create table conversation_labels (
  organisation_id text not null,
  phone_number_id text not null,
  conversation text not null,
  label_id text not null,
  primary key (organisation_id, phone_number_id, conversation, label_id),
  foreign key (organisation_id, phone_number_id, conversation) references conversations (organisation_id, phone_number_id, conversation) on delete cascade,
  foreign key (organisation_id, label_id) references labels (organisation_id, id) on delete cascade
);
create index conversation_labels_of_label on conversation_labels (label_id);

-- Changes of Meta's webhooks that nothing was done with: unknown fields, unknown numbers, what could not be applied.
create table inbound_aside (
  id bigint generated always as identity,
  app_id text not null,
  organisation_id text,
  phone_number_id text,
  field text not null,
  reason text not null,
  change jsonb not null,
  received_at timestamptz not null,
  primary key (id, received_at)
) partition by range (received_at);
create table inbound_aside_default partition of inbound_aside default;

-- Statuses without our token, of a wamid that no message has yet, while a call of their number was open: Meta's answer to it may come
-- after them. Looked at again a few times, then set aside.
create table early_statuses (
  organisation_id text not null,
  id bigint generated always as identity,
  app_id text not null,
  phone_number_id text not null,
  wamid text not null,
  change jsonb not null,
  received_at timestamptz not null,
  looks smallint not null default 0,
  look_at timestamptz not null,
  primary key (organisation_id, id)
);
create index early_statuses_due on early_statuses (look_at);

-- Who is told of events. Without an address its deliveries wait to be fetched by a listener (`kurir listen`).
create table webhook_subscriptions (
  organisation_id text not null references organisations (id),
  id text not null,
  url text,
  dialect text not null check (dialect in ('kirim', 'kapso', 'meta', 'standard')),
  -- Types of events; `meta.*` for all other fields of Meta's, `*` for everything.
  events text[] not null,
  -- Null: all numbers.
  phone_number_ids text[],
  description text,
  status text not null default 'active' check (status in ('active', 'paused', 'disabled')),
  status_reason text,
  status_since timestamptz not null,
  -- One after the other within a conversation.
  ordered boolean not null default false,
  -- Customers' messages of a conversation are collected for so long, or until there are so many.
  buffer_seconds integer check (buffer_seconds between 1 and 60),
  buffer_max integer check (buffer_max between 1 and 100),
  -- Deliveries that ended dead since the last that succeeded.
  dead_in_a_row integer not null default 0,
  -- The first failed try since the last that succeeded.
  failing_since timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  -- Of a listener, to the minute: nothing is kept for one that does not ask.
  last_fetch_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organisation_id, id)
);

create table webhook_secrets (
  organisation_id text not null,
  subscription_id text not null,
  id text not null,
  secret bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  primary key (organisation_id, id),
  foreign key (organisation_id, subscription_id) references webhook_subscriptions (organisation_id, id) on delete cascade
);

-- An event as one dialect tells it: rendered once, the same bytes with every try.
create table tellings (
  organisation_id text not null,
  event_id text not null,
  dialect text not null,
  type text not null,
  phone_number_id text,
  -- The number's and the conversation's key, of what belongs to one: by it a person's data is erased.
  conversation text,
  -- Ours, of what is about a message: what a person wrote in a group is found by it.
  message_id text,
  -- What the dialect calls the event, by what its receiver knows repetitions, and whose shape the body has.
  name text not null,
  subject text not null,
  source text not null,
  body text not null,
  created_at timestamptz not null,
  primary key (organisation_id, event_id, dialect, created_at)
) partition by range (created_at);
create table tellings_default partition of tellings default;

-- Deliveries that go out one after the other, or are collected into one body: a line for each conversation of a subscription. What is
-- looked through are lines, never what stands in them.
create table delivery_lines (
  organisation_id text not null,
  subscription_id text not null,
  conversation text not null,
  -- Collected: for so long after the last that joined, or until there are so many.
  wait_ms integer not null,
  full_at integer not null,
  -- The place of the last that joined, and the place up to which all are over.
  last_turn bigint not null,
  over_turn bigint not null default 0,
  -- In hand, or waiting for the next try: up to that place, 0 where nothing but one is ever taken; null: neither.
  taken_turn bigint,
  -- When the next may be taken; while a node has it in hand, the moment from which others may; null: nobody stands in it.
  due_at timestamptz,
  held_by integer,
  joined_at timestamptz not null,
  primary key (organisation_id, subscription_id, conversation)
);
create index delivery_lines_due on delivery_lines (subscription_id, due_at) where due_at is not null;

-- An event on its way to one subscription.
create table deliveries (
  organisation_id text not null,
  id text not null,
  subscription_id text not null,
  event_id text not null,
  dialect text not null,
  type text not null,
  -- When its telling was written: with it the partition is known.
  told_at timestamptz not null,
  replayed_from text,
  created_at timestamptz not null,
  -- Of what stands in a line: the conversation, and the place in it; null when it is over. What is told singly after its batch died
  -- has the id of the first that the batch held for its conversation, in a line or not.
  conversation text,
  turn bigint,
  state text not null,
  attempt smallint not null default 0,
  -- When it is to be tried (again); while a node has it in hand, the moment from which others may take it; null: nothing to do, or
  -- its line knows.
  due_at timestamptz,
  -- The node that has it in hand (holderOf), so that one that starts again can take up at once what it held when it died.
  held_by integer,
  finished_at timestamptz,
  -- What became of each try.
  tries jsonb not null default '[]',
  primary key (organisation_id, id, created_at)
) partition by range (created_at);
create table deliveries_default partition of deliveries default;
create index deliveries_due on deliveries (subscription_id, due_at) where due_at is not null;
-- What can be replayed, and what was: rows that a healthy subscription has none of.
create index deliveries_dead on deliveries (organisation_id, subscription_id, id) where state = 'dead';
create index deliveries_replays on deliveries (organisation_id, replayed_from) where replayed_from is not null;
create index deliveries_turns on deliveries (subscription_id, conversation, turn) where turn is not null;

-- Media: what customers sent (its id is that of the message, with another prefix), and what was uploaded to be sent. The bytes are
-- elsewhere, under the key of the row.
create table media (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  -- pending, ready, failed
  status text not null,
  -- What was told about it: by Meta, or by the one who uploads it.
  told_type text,
  told_sha256 text,
  filename text,
  -- What was found when it was kept.
  mime_type text,
  sha256 text,
  size bigint,
  -- What a customer sent: Meta's id, for seven days; when it is fetched next (null: nothing to do); how often it was
  -- tried; why the latest try failed.
  source_id text,
  fetch_at timestamptz,
  tries smallint not null default 0,
  failure text,
  -- It is not kept any more: nobody finds it, and its bytes are deleted, then the row.
  forget_at timestamptz,
  created_at timestamptz not null,
  primary key (organisation_id, id)
);
create index media_forgotten on media (forget_at) where forget_at is not null;
create index media_due on media (fetch_at, phone_number_id) where fetch_at is not null;
create index media_by_sum on media (phone_number_id, sha256) where source_id is null;
create index media_by_source on media (phone_number_id, source_id) where source_id is not null;
create index media_by_age on media using brin (created_at);

-- Uploads to Meta, which keeps them for thirty days and for the one number. Old ones are kept as long as the medium: an application may
-- name it by any of them.
create table media_uploads (
  organisation_id text not null,
  upload_id text not null,
  phone_number_id text not null,
  media_id text not null,
  uploaded_at timestamptz not null,
  primary key (organisation_id, upload_id)
);
create index media_uploads_of on media_uploads (media_id, phone_number_id, uploaded_at);
