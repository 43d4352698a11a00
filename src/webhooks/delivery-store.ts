// SQL of tellings and deliveries. A row is written with its event's state change, taken by a node for a while, and settled; many share
// each statement.
import type { DeliveryId, EventId, OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { Queryable, Row } from '../storage/db.ts';
import type { DeliveryState, Try } from './delivery.ts';
import type { WebhookDialect } from './telling.ts';

export interface NewTelling {
  organisationId: string;
  eventId: EventId;
  dialect: WebhookDialect;
  type: string;
  phoneNumberId: string | null;
  conversation: string | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
  at: number;
}

export interface NewDelivery {
  organisationId: string;
  id: DeliveryId;
  subscriptionId: SubscriptionId;
  eventId: EventId;
  dialect: WebhookDialect;
  type: string;
  at: number;
  /** Non-null for what keeps an order or is collected. */
  conversation: string | null;
  dueAt: number;
  /** The node that has it in hand from the beginning. */
  heldBy: number | null;
  /** Collected: what waits there already waits as long. */
  postpones: boolean;
}

const TELL = `
with told as (
  insert into tellings (organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source, body, created_at)
  select organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source, body, to_timestamp(at / 1000)
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[])
    as t (organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source, body, at)
)
insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, conversation, turn, state, due_at, held_by)
select organisation_id, id, subscription_id, event_id, dialect, type, to_timestamp(at / 1000), to_timestamp(at / 1000), conversation,
  case when conversation is not null then nextval('delivery_turns') end, 'pending', to_timestamp(due_at / 1000), held_by
from unnest($12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::float8[], $19::text[], $20::float8[], $21::integer[])
  as d (organisation_id, id, subscription_id, event_id, dialect, type, at, conversation, due_at, held_by)`;

/** Writes events as they are told, with their deliveries. */
export async function insertTold(
  tx: Queryable,
  tellings: readonly NewTelling[],
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await tx.query(
    TELL,
    [
      tellings.map((t) => t.organisationId),
      tellings.map((t) => t.eventId),
      tellings.map((t) => t.dialect),
      tellings.map((t) => t.type),
      tellings.map((t) => t.phoneNumberId),
      tellings.map((t) => t.conversation),
      tellings.map((t) => t.name),
      tellings.map((t) => t.subject),
      tellings.map((t) => t.source),
      tellings.map((t) => t.body),
      tellings.map((t) => t.at),
      deliveries.map((d) => d.organisationId),
      deliveries.map((d) => d.id),
      deliveries.map((d) => d.subscriptionId),
      deliveries.map((d) => d.eventId),
      deliveries.map((d) => d.dialect),
      deliveries.map((d) => d.type),
      deliveries.map((d) => d.at),
      deliveries.map((d) => d.conversation),
      deliveries.map((d) => d.dueAt),
      deliveries.map((d) => d.heldBy),
    ],
    'tell',
  );
  const collected = deliveries.filter((d) => d.postpones);
  if (collected.length > 0) await postpone(tx, collected);
}

// What is collected goes out when nothing has come for so long (index deliveries_turns).
async function postpone(tx: Queryable, deliveries: readonly NewDelivery[]): Promise<void> {
  await tx.query(
    `update deliveries d set due_at = to_timestamp(t.due_at / 1000)
     from (select subscription_id, conversation, max(due_at) as due_at
           from unnest($1::text[], $2::text[], $3::float8[]) as t (subscription_id, conversation, due_at) group by 1, 2 order by 1, 2) t
     where d.subscription_id = t.subscription_id and d.conversation = t.conversation and d.turn is not null and d.batch is null
       and d.attempt = 0 and d.due_at < to_timestamp(t.due_at / 1000)`,
    [
      deliveries.map((d) => d.subscriptionId),
      deliveries.map((d) => d.conversation),
      deliveries.map((d) => d.dueAt),
    ],
  );
}

export interface Taken {
  organisationId: OrganisationId;
  id: DeliveryId;
  subscriptionId: SubscriptionId;
  eventId: EventId;
  type: string;
  dialect: WebhookDialect;
  createdAt: number;
  attempt: number;
  conversation: string | null;
  turn: number | null;
  batch: string | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

interface TakenRow extends Row {
  organisation_id: OrganisationId;
  id: DeliveryId;
  subscription_id: SubscriptionId;
  event_id: EventId;
  type: string;
  dialect: WebhookDialect;
  created_at: Date;
  attempt: number;
  conversation: string | null;
  turn: number | null;
  batch: string | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

const TAKEN = `taken as (
  update deliveries d set due_at = to_timestamp($LEASE / 1000.0), held_by = $HOLDER::integer
  from due where d.organisation_id = due.organisation_id and d.id = due.id and d.created_at = due.created_at
  returning d.organisation_id, d.id, d.subscription_id, d.event_id, d.type, d.dialect, d.told_at, d.created_at, d.attempt, d.conversation, d.turn, d.batch
)
select taken.*, t.name, t.subject, t.source, t.body from taken
  join tellings t on t.organisation_id = taken.organisation_id and t.event_id = taken.event_id and t.dialect = taken.dialect and t.created_at = taken.told_at
order by taken.turn, taken.id`;

// Over index deliveries_due, for each subscription no more than it has room for: a dead endpoint's long list costs the others nothing.
// Rows that another node has taken are passed over. Of what keeps an order only the first of its conversation is taken (index deliveries_turns).
const TAKE = `
with due as (
  select d.organisation_id, d.id, d.created_at from unnest($1::text[], $2::text[], $3::int[], $6::boolean[]) as s (organisation_id, id, room, collects) cross join lateral (
    select organisation_id, id, created_at from deliveries d
    where d.organisation_id = s.organisation_id and d.subscription_id = s.id and d.due_at <= to_timestamp($4 / 1000.0)
      and not (s.collects and d.turn is not null and d.type = 'message.received')
      and (d.turn is null or (select true from deliveries e where e.subscription_id = d.subscription_id and e.conversation = d.conversation
        and e.turn is not null and e.turn < d.turn limit 1) is null)
    order by d.due_at limit s.room for update skip locked) d
), ${TAKEN.replace('$LEASE', '$5').replace('$HOLDER', '$7')}`;

/** Takes what is due for these subscriptions until a moment; afterwards others may take it. */
export async function takeDue(
  db: Queryable,
  take: {
    /** What `collects` takes its customers' messages as batches (takeCollected). */
    subscriptions: readonly { organisationId: string; id: string; room: number; collects: boolean }[];
    now: number;
    leaseUntil: number;
    /** The node that takes it; null: somebody outside. */
    holder: number | null;
  },
): Promise<Taken[]> {
  const rows = await db.query<TakenRow>(
    TAKE,
    [
      take.subscriptions.map((s) => s.organisationId),
      take.subscriptions.map((s) => s.id),
      take.subscriptions.map((s) => s.room),
      take.now,
      take.leaseUntil,
      take.subscriptions.map((s) => s.collects),
      take.holder,
    ],
    'take-deliveries',
  );
  return rows.map(toTaken);
}

// A batch is made when its first message is due, of all that have been collected in that conversation, and stays as it is with every try.
const TAKE_COLLECTED = `
with lines as (
  select distinct conversation from (
    select conversation from deliveries where organisation_id = $1 and subscription_id = $2 and due_at <= to_timestamp($3 / 1000.0)
      and turn is not null and type = 'message.received' order by due_at limit $4) due
), full_lines as (
  select conversation from deliveries where organisation_id = $1 and subscription_id = $2 and turn is not null and type = 'message.received' and batch is null
    and attempt = 0 and $7 group by conversation having count(*) >= $6
), due as (
  select d.organisation_id, d.id, d.created_at, d.conversation, d.batch, d.turn
  from (select conversation from lines union select conversation from full_lines) l cross join lateral (
    select first.batch from deliveries first where first.subscription_id = $2 and first.conversation = l.conversation and first.turn is not null
      and first.type = 'message.received'      and first.organisation_id = $1 order by first.turn limit 1) head cross join lateral (
    select * from deliveries d where d.organisation_id = $1 and d.subscription_id = $2 and d.conversation = l.conversation
      and d.turn is not null and d.type = 'message.received' and d.batch is not distinct from head.batch
      and (head.batch is null or d.due_at <= to_timestamp($3 / 1000.0))
    order by d.turn limit $6 for update skip locked) d
), named as (
  select *, coalesce(batch, first_value(id) over (partition by conversation order by turn)) as made from due
), taken as (
  update deliveries d set due_at = to_timestamp($5 / 1000.0), held_by = $8::integer, batch = named.made
  from named where d.organisation_id = named.organisation_id and d.id = named.id and d.created_at = named.created_at
  returning d.organisation_id, d.id, d.subscription_id, d.event_id, d.type, d.dialect, d.told_at, d.created_at, d.attempt, d.conversation, d.turn, d.batch
)
select taken.*, t.name, t.subject, t.source, t.body from taken
  join tellings t on t.organisation_id = taken.organisation_id and t.event_id = taken.event_id and t.dialect = taken.dialect and t.created_at = taken.told_at
order by taken.turn`;

/** Takes what was collected for a subscription: conversations whose wait is over, or that are full. */
export async function takeCollected(
  db: Queryable,
  take: {
    subscription: { organisationId: string; id: string };
    now: number;
    leaseUntil: number;
    holder: number;
    conversations: number;
    max: number;
    /** Look, too, for conversations that are full before their time. */
    full: boolean;
  },
): Promise<Taken[]> {
  const rows = await db.query<TakenRow>(TAKE_COLLECTED, [
    take.subscription.organisationId,
    take.subscription.id,
    take.now,
    take.conversations,
    take.leaseUntil,
    take.max,
    take.full,
    take.holder,
  ]);
  return rows.map(toTaken);
}

/** When the next delivery of each subscription is due, where there is one (index deliveries_due). */
export async function selectNextDue(
  db: Queryable,
  subscriptions: readonly { organisationId: string; id: string }[],
): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; due_at: number }>(
    `select s.id, (extract(epoch from d.due_at) * 1000)::float8 as due_at
     from unnest($1::text[], $2::text[]) as s (organisation_id, id) cross join lateral (
       select due_at from deliveries d where d.organisation_id = s.organisation_id and d.subscription_id = s.id and d.due_at is not null
       order by d.due_at limit 1) d`,
    [subscriptions.map((s) => s.organisationId), subscriptions.map((s) => s.id)],
    'next-due',
  );
  return new Map(rows.map((row) => [row.id, row.due_at]));
}

export interface SettledRow {
  organisationId: string;
  id: DeliveryId;
  createdAt: number;
  state: DeliveryState;
  attempt: number;
  /** Of pending ones. */
  dueAt: number | null;
  finishedAt: number | null;
  try: Try;
}

// By primary key, in its order. What succeeded stays so, whatever a second try of another node says.
const SETTLE = `
update deliveries d set state = r.state, attempt = greatest(d.attempt, r.attempt), due_at = to_timestamp(r.due_at / 1000), held_by = null,
  turn = case when r.state = 'pending' then d.turn end, finished_at = to_timestamp(r.finished_at / 1000), tries = d.tries || r.try
from (select * from unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::smallint[], $6::float8[], $7::float8[], $8::jsonb[])
  as r (organisation_id, id, created_at, state, attempt, due_at, finished_at, try)) r
where d.organisation_id = r.organisation_id and d.id = r.id and d.created_at = to_timestamp(r.created_at / 1000) and d.state <> 'succeeded'`;

export async function settleRows(db: Queryable, rows: readonly SettledRow[]): Promise<void> {
  const o = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await db.query(
    SETTLE,
    [
      o.map((r) => r.organisationId),
      o.map((r) => r.id),
      o.map((r) => r.createdAt),
      o.map((r) => r.state),
      o.map((r) => r.attempt),
      o.map((r) => r.dueAt),
      o.map((r) => r.finishedAt),
      o.map((r) => JSON.stringify(r.try)),
    ],
    'settle-deliveries',
  );
}

/** Gives back what was taken and not tried. */
export async function giveBack(
  db: Queryable,
  rows: readonly { organisationId: string; id: string; createdAt: number }[],
  dueAt: number,
): Promise<void> {
  await db.query(
    `update deliveries d set due_at = to_timestamp($4 / 1000.0), held_by = null
     from (select * from unnest($1::text[], $2::text[], $3::float8[]) as r (organisation_id, id, created_at) order by 1, 2) r
     where d.organisation_id = r.organisation_id and d.id = r.id and d.created_at = to_timestamp(r.created_at / 1000) and d.state = 'pending'`,
    [rows.map((r) => r.organisationId), rows.map((r) => r.id), rows.map((r) => r.createdAt), dueAt],
  );
}

/** Gives back what is a node's in the table until some moment, and not in its hand (index deliveries_due): it died and started again, or was
 *  never told that it had been given them. */
export async function giveBackLost(
  db: Queryable,
  lost: {
    subscriptionIds: readonly string[];
    holder: number;
    inHand: readonly string[];
    now: number;
    leaseUntil: number;
  },
): Promise<void> {
  await db.query(
    `update deliveries set due_at = to_timestamp($3::float8 / 1000), held_by = null
     where subscription_id = any($1) and held_by = $2 and due_at > to_timestamp($3::float8 / 1000)
       and due_at <= to_timestamp($4::float8 / 1000) and id <> all($5::text[])`,
    [lost.subscriptionIds, lost.holder, lost.now, lost.leaseUntil, lost.inHand],
  );
}

function toTaken(row: TakenRow): Taken {
  return {
    organisationId: row.organisation_id,
    id: row.id,
    subscriptionId: row.subscription_id,
    eventId: row.event_id,
    type: row.type,
    dialect: row.dialect,
    createdAt: row.created_at.getTime(),
    attempt: row.attempt,
    conversation: row.conversation,
    turn: row.turn,
    batch: row.batch,
    name: row.name,
    subject: row.subject,
    source: row.source,
    body: row.body,
  };
}
