-- The schema after all migrations. Not run by anything: see test/schema.test.ts.

create sequence message_turns;

CREATE OR REPLACE FUNCTION database_now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$ select clock_timestamp() + shift from clock_shift $function$
;

create table api_keys (
  id text not null,
  organisation_id text not null,
  label text not null,
  hash bytea not null,
  last4 text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id)
);

create table apps (
  id text not null,
  name text not null,
  meta_app_id text,
  app_secret bytea not null,
  verify_token bytea not null,
  is_default boolean not null default false,
  created_at timestamp with time zone not null default now(),
  constraint apps_pkey PRIMARY KEY (id)
);

create table attempts (
  organisation_id text not null,
  message_id text not null,
  attempt smallint not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone not null,
  outcome text not null,
  provider_code integer,
  detail text,
  constraint attempts_pkey PRIMARY KEY (organisation_id, message_id, attempt, started_at)
) partition by RANGE (started_at);

create table attempts_default partition of attempts DEFAULT;

create table clock_shift (
  one boolean not null default true,
  shift interval not null default '00:00:00'::interval,
  constraint clock_shift_pkey PRIMARY KEY (one),
  constraint clock_shift_one_check CHECK (one)
);

create table contact_labels (
  organisation_id text not null,
  contact_id text not null,
  label_id text not null,
  constraint contact_labels_pkey PRIMARY KEY (organisation_id, contact_id, label_id),
  constraint contact_labels_organisation_id_contact_id_fkey FOREIGN KEY (organisation_id, contact_id) REFERENCES contacts(organisation_id, id) ON DELETE CASCADE,
  constraint contact_labels_organisation_id_label_id_fkey FOREIGN KEY (organisation_id, label_id) REFERENCES labels(organisation_id, id) ON DELETE CASCADE
);

create table contacts (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  key text not null,
  phone text,
  user_id text,
  parent_user_id text,
  username text,
  profile_name text,
  book_name text,
  book_at timestamp with time zone,
  name text,
  email text,
  metadata jsonb,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint contacts_pkey PRIMARY KEY (organisation_id, id)
);

create table conversation_labels (
  organisation_id text not null,
  phone_number_id text not null,
  conversation text not null,
  label_id text not null,
  constraint conversation_labels_pkey PRIMARY KEY (organisation_id, phone_number_id, conversation, label_id),
  constraint conversation_labels_organisation_id_label_id_fkey FOREIGN KEY (organisation_id, label_id) REFERENCES labels(organisation_id, id) ON DELETE CASCADE,
  constraint conversation_labels_organisation_id_phone_number_id_conver_fkey FOREIGN KEY (organisation_id, phone_number_id, conversation) REFERENCES conversations(organisation_id, phone_number_id, conversation) ON DELETE CASCADE
);

create table conversations (
  organisation_id text not null,
  phone_number_id text not null,
  conversation text not null,
  id text not null,
  same_as text,
  status text not null default 'open'::text,
  assignee text,
  opened_by text,
  unread_count integer not null default 0,
  last_message_at timestamp with time zone not null,
  last_inbound_at timestamp with time zone,
  last_outbound_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint conversations_pkey PRIMARY KEY (organisation_id, phone_number_id, conversation),
  constraint conversations_status_check CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text, 'pending'::text])))
);

create table deliveries (
  organisation_id text not null,
  id text not null,
  subscription_id text not null,
  event_id text not null,
  dialect text not null,
  type text not null,
  told_at timestamp with time zone not null,
  replayed_from text,
  created_at timestamp with time zone not null,
  conversation text,
  turn bigint,
  state text not null,
  attempt smallint not null default 0,
  due_at timestamp with time zone,
  held_by integer,
  finished_at timestamp with time zone,
  tries jsonb not null default '[]'::jsonb,
  constraint deliveries_pkey PRIMARY KEY (organisation_id, id, created_at)
) partition by RANGE (created_at);

create table deliveries_default partition of deliveries DEFAULT;

create table delivery_lines (
  organisation_id text not null,
  subscription_id text not null,
  conversation text not null,
  wait_ms integer not null,
  full_at integer not null,
  last_turn bigint not null,
  over_turn bigint not null default 0,
  taken_turn bigint,
  due_at timestamp with time zone,
  held_by integer,
  joined_at timestamp with time zone not null,
  constraint delivery_lines_pkey PRIMARY KEY (organisation_id, subscription_id, conversation)
);

create table door_gaps (
  id bigint not null generated always as identity,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone not null,
  constraint door_gaps_pkey PRIMARY KEY (id)
);

create table early_statuses (
  organisation_id text not null,
  id bigint not null generated always as identity,
  app_id text not null,
  phone_number_id text not null,
  wamid text not null,
  change jsonb not null,
  received_at timestamp with time zone not null,
  looks smallint not null default 0,
  look_at timestamp with time zone not null,
  constraint early_statuses_pkey PRIMARY KEY (organisation_id, id)
);

create table idempotency_keys (
  organisation_id text not null,
  key text not null,
  fingerprint bytea not null,
  message_id text not null,
  created_at timestamp with time zone not null,
  constraint idempotency_keys_pkey PRIMARY KEY (key, organisation_id)
);

create table inbound_aside (
  id bigint not null generated always as identity,
  app_id text not null,
  organisation_id text,
  phone_number_id text,
  field text not null,
  reason text not null,
  change jsonb not null,
  received_at timestamp with time zone not null,
  constraint inbound_aside_pkey PRIMARY KEY (id, received_at)
) partition by RANGE (received_at);

create table inbound_aside_default partition of inbound_aside DEFAULT;

create table labels (
  organisation_id text not null,
  id text not null,
  name text not null,
  color text not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint labels_organisation_id_name_key UNIQUE (organisation_id, name),
  constraint labels_pkey PRIMARY KEY (organisation_id, id)
);

create table lanes (
  phone_number_id text not null,
  owner text,
  epoch bigint not null default 0,
  queued integer[] not null default '{0,0,0,0}'::integer[],
  heard_attempt_at timestamp with time zone,
  heard_at timestamp with time zone,
  constraint lanes_pkey PRIMARY KEY (phone_number_id),
  constraint lanes_phone_number_id_fkey FOREIGN KEY (phone_number_id) REFERENCES numbers(phone_number_id) ON DELETE CASCADE
);

create table media (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  status text not null,
  told_type text,
  told_sha256 text,
  filename text,
  mime_type text,
  sha256 text,
  size bigint,
  source_id text,
  fetch_at timestamp with time zone,
  tries smallint not null default 0,
  failure text,
  forget_at timestamp with time zone,
  created_at timestamp with time zone not null,
  constraint media_pkey PRIMARY KEY (organisation_id, id)
);

create table media_uploads (
  organisation_id text not null,
  upload_id text not null,
  phone_number_id text not null,
  media_id text not null,
  uploaded_at timestamp with time zone not null,
  constraint media_uploads_pkey PRIMARY KEY (organisation_id, upload_id)
);

create table message_states (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  conversation text not null,
  accepted_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  owed_until timestamp with time zone,
  epoch bigint,
  attempt_at timestamp with time zone,
  unknown_since timestamp with time zone,
  attempt smallint not null default 0,
  refusals smallint not null default 0,
  priority smallint not null,
  may_have_left boolean not null default false,
  wamid text,
  other_wamids text[],
  first_answer text,
  pricing jsonb,
  turn bigint,
  line smallint not null,
  ready_at timestamp with time zone,
  rank smallint not null,
  state text not null,
  failure jsonb,
  pending_at timestamp with time zone,
  sent_at timestamp with time zone,
  delivered_at timestamp with time zone,
  read_at timestamp with time zone,
  failed_at timestamp with time zone,
  played_at timestamp with time zone,
  news smallint not null default 0,
  constraint message_states_pkey PRIMARY KEY (organisation_id, id)
) with (fillfactor=60, autovacuum_vacuum_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05);

create table messages (
  organisation_id text not null,
  id text not null,
  phone_number_id text not null,
  direction text not null,
  source text,
  type text not null,
  recipient text not null,
  conversation text not null,
  body jsonb not null,
  callback_data text,
  idempotency_key text,
  created_at timestamp with time zone not null,
  constraint messages_pkey PRIMARY KEY (organisation_id, id)
);

create table migrations (
  version integer not null,
  name text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (version)
);

create table nodes (
  id text not null,
  seen_at timestamp with time zone not null,
  host text not null,
  pid integer not null,
  version text not null,
  started_at timestamp with time zone not null,
  stopped_at timestamp with time zone,
  constraint nodes_pkey PRIMARY KEY (id)
);

create table numbers (
  phone_number_id text not null,
  organisation_id text not null,
  app_id text not null,
  waba_id text not null,
  phone text not null,
  display_phone_number text not null,
  verified_name text,
  access_token bytea not null,
  status text not null default 'connected'::text,
  status_reason text,
  status_since timestamp with time zone not null default now(),
  pace integer default 80,
  pace_from_meta boolean not null default true,
  on_unknown text not null default 'fail'::text,
  window_check boolean not null default false,
  notes jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  constraint numbers_pkey PRIMARY KEY (phone_number_id),
  constraint numbers_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint numbers_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint numbers_on_unknown_check CHECK ((on_unknown = ANY (ARRAY['fail'::text, 'resend'::text]))),
  constraint numbers_pace_check CHECK (((pace IS NULL) OR (pace > 0))),
  constraint numbers_status_check CHECK ((status = ANY (ARRAY['connected'::text, 'disconnected'::text, 'degraded'::text, 'onboarding'::text])))
);

create table organisations (
  id text not null,
  name text not null,
  write_per_minute integer,
  read_per_minute integer,
  created_at timestamp with time zone not null default now(),
  constraint organisations_pkey PRIMARY KEY (id),
  constraint organisations_read_per_minute_check CHECK ((read_per_minute > 0)),
  constraint organisations_write_per_minute_check CHECK ((write_per_minute > 0))
);

create table tellings (
  organisation_id text not null,
  event_id text not null,
  dialect text not null,
  type text not null,
  phone_number_id text,
  conversation text,
  message_id text,
  name text not null,
  subject text not null,
  source text not null,
  body text not null,
  created_at timestamp with time zone not null,
  constraint tellings_pkey PRIMARY KEY (organisation_id, event_id, dialect, created_at)
) partition by RANGE (created_at);

create table tellings_default partition of tellings DEFAULT;

create table void_messages (
  organisation_id text not null,
  id text not null,
  voided_at timestamp with time zone not null,
  constraint void_messages_pkey PRIMARY KEY (organisation_id, id)
);

create table webhook_secrets (
  organisation_id text not null,
  subscription_id text not null,
  id text not null,
  secret bytea not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  constraint webhook_secrets_pkey PRIMARY KEY (organisation_id, id),
  constraint webhook_secrets_organisation_id_subscription_id_fkey FOREIGN KEY (organisation_id, subscription_id) REFERENCES webhook_subscriptions(organisation_id, id) ON DELETE CASCADE
);

create table webhook_subscriptions (
  organisation_id text not null,
  id text not null,
  url text,
  dialect text not null,
  events text[] not null,
  phone_number_ids text[],
  description text,
  status text not null default 'active'::text,
  status_reason text,
  status_since timestamp with time zone not null,
  ordered boolean not null default false,
  buffer_seconds integer,
  buffer_max integer,
  dead_in_a_row integer not null default 0,
  failing_since timestamp with time zone,
  last_success_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  last_fetch_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint webhook_subscriptions_pkey PRIMARY KEY (organisation_id, id),
  constraint webhook_subscriptions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
  constraint webhook_subscriptions_buffer_max_check CHECK (((buffer_max >= 1) AND (buffer_max <= 100))),
  constraint webhook_subscriptions_buffer_seconds_check CHECK (((buffer_seconds >= 1) AND (buffer_seconds <= 60))),
  constraint webhook_subscriptions_dialect_check CHECK ((dialect = ANY (ARRAY['kirim'::text, 'kapso'::text, 'meta'::text, 'standard'::text]))),
  constraint webhook_subscriptions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'disabled'::text])))
);

CREATE INDEX api_keys_of_organisation ON api_keys USING btree (organisation_id, created_at);

CREATE UNIQUE INDEX apps_one_default ON apps USING btree (is_default) WHERE is_default;

CREATE INDEX contact_labels_of_label ON contact_labels USING btree (label_id);

CREATE INDEX contacts_by_phone ON contacts USING btree ((((((organisation_id || ' '::text) || phone_number_id) || ' '::text) || phone)));

CREATE INDEX contacts_by_user_id ON contacts USING btree ((((((organisation_id || ' '::text) || phone_number_id) || ' '::text) || user_id)));

CREATE INDEX contacts_of_number ON contacts USING btree (phone_number_id, created_at);

CREATE INDEX conversation_labels_of_label ON conversation_labels USING btree (label_id);

CREATE INDEX conversations_assigned ON conversations USING btree (phone_number_id, assignee, last_message_at) WHERE ((same_as IS NULL) AND (assignee IS NOT NULL));

CREATE INDEX conversations_ids ON conversations USING btree (id);

CREATE INDEX conversations_latest ON conversations USING btree (phone_number_id, last_message_at) WHERE (same_as IS NULL);

CREATE INDEX deliveries_dead ON ONLY deliveries USING btree (organisation_id, subscription_id, id) WHERE (state = 'dead'::text);

CREATE INDEX deliveries_due ON ONLY deliveries USING btree (subscription_id, due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX deliveries_replays ON ONLY deliveries USING btree (organisation_id, replayed_from) WHERE (replayed_from IS NOT NULL);

CREATE INDEX deliveries_turns ON ONLY deliveries USING btree (subscription_id, conversation, turn) WHERE (turn IS NOT NULL);

CREATE INDEX delivery_lines_due ON delivery_lines USING btree (subscription_id, due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX door_gaps_by_end ON door_gaps USING btree (ended_at);

CREATE INDEX early_statuses_due ON early_statuses USING btree (look_at);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at);

CREATE INDEX media_by_age ON media USING brin (created_at);

CREATE INDEX media_by_source ON media USING btree (phone_number_id, source_id) WHERE (source_id IS NOT NULL);

CREATE INDEX media_by_sum ON media USING btree (phone_number_id, sha256) WHERE (source_id IS NULL);

CREATE INDEX media_due ON media USING btree (fetch_at, phone_number_id) WHERE (fetch_at IS NOT NULL);

CREATE INDEX media_forgotten ON media USING btree (forget_at) WHERE (forget_at IS NOT NULL);

CREATE INDEX media_uploads_of ON media_uploads USING btree (media_id, phone_number_id, uploaded_at);

CREATE INDEX message_states_overdue ON message_states USING btree (phone_number_id, LEAST(expires_at, owed_until)) WHERE ((turn IS NOT NULL) AND (line < 9));

CREATE INDEX message_states_ready ON message_states USING btree (phone_number_id, line, ready_at) WHERE (ready_at IS NOT NULL);

CREATE INDEX message_states_turns ON message_states USING btree (phone_number_id, conversation, turn) WHERE (turn IS NOT NULL);

CREATE INDEX message_states_wamids ON message_states USING btree (wamid) WHERE (wamid IS NOT NULL);

CREATE INDEX messages_amending ON messages USING btree (phone_number_id, "left"((body #>> ARRAY[type, 'original_message_id'::text]), 500)) WHERE (type = ANY (ARRAY['edit'::text, 'revoke'::text]));

CREATE INDEX messages_of_conversation ON messages USING btree (conversation, created_at);

CREATE INDEX messages_of_number ON messages USING btree (phone_number_id, created_at);

CREATE INDEX numbers_of_organisation ON numbers USING btree (organisation_id, created_at);

CREATE INDEX numbers_of_waba ON numbers USING btree (waba_id);
