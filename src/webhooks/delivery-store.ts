// SQL of tellings and deliveries. A row is written with its event's state change, taken by a node for a while, and settled; many share
// each statement.
import type { DeliveryId, EventId, SubscriptionId } from '../kernel/ids.ts';
import type { Queryable, Transaction } from '../storage/db.ts';
import type { DeliveryState, Try } from './delivery.ts';
import { joinLines, type LineWait } from './line-store.ts';
import { toTaken, type Taken, type TakenRow } from './taken.ts';
import type { WebhookDialect } from './telling.ts';

export interface NewTelling {
  organisationId: string;
  eventId: EventId;
  dialect: WebhookDialect;
  type: string;
  phoneNumberId: string | null;
  conversation: string | null;
  messageId: string | null;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

export interface NewDelivery {
  organisationId: string;
  id: DeliveryId;
  subscriptionId: SubscriptionId;
  eventId: EventId;
  dialect: WebhookDialect;
  type: string;
  /** What stands in a line has no time of its own: the line has. */
  line: ({ conversation: string } & LineWait) | null;
  dueAt: number | null;
  /** The node that has it in hand from the beginning. */
  heldBy: number | null;
}

const TELL = `
with told as (
  insert into tellings (organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source, body, message_id, created_at)
  select organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source,
    convert_from(substring($10::bytea from body_from for body_bytes), 'UTF8'), message_id, to_timestamp($11::float8 / 1000)
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $12::int[], $13::int[], $14::text[])
    as t (organisation_id, event_id, dialect, type, phone_number_id, conversation, name, subject, source, body_from, body_bytes, message_id)
)
insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, conversation, turn, state, due_at, held_by)
select organisation_id, id, subscription_id, event_id, dialect, type, to_timestamp($11::float8 / 1000), to_timestamp($11::float8 / 1000), conversation,
  turn, 'pending', to_timestamp(due_at / 1000), held_by
from unnest($15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::float8[], $23::integer[], $24::bigint[])
  as d (organisation_id, id, subscription_id, event_id, dialect, type, conversation, due_at, held_by, turn)`;

/** Writes events as they are told, with their deliveries, as the last of the transaction. */
export async function insertTold(
  tx: Transaction,
  {
    tellings,
    deliveries,
    now,
  }: { tellings: readonly NewTelling[]; deliveries: readonly NewDelivery[]; now: number },
): Promise<void> {
  const turns = await turnsOf(tx, deliveries, now);
  const bodies = inOnePiece(tellings.map((t) => t.body));
  tx.last(
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
      bodies.bytes,
      now,
      bodies.from,
      bodies.length,
      tellings.map((t) => t.messageId),
      deliveries.map((d) => d.organisationId),
      deliveries.map((d) => d.id),
      deliveries.map((d) => d.subscriptionId),
      deliveries.map((d) => d.eventId),
      deliveries.map((d) => d.dialect),
      deliveries.map((d) => d.type),
      deliveries.map((d) => d.line?.conversation ?? null),
      deliveries.map((d) => d.dueAt),
      deliveries.map((d) => d.heldBy),
      deliveries.map((d) => turns.get(d) ?? null),
    ],
    'tell',
  );
}

// As an array of texts each of their many quotes would be escaped here and read again there.
function inOnePiece(texts: readonly string[]): { bytes: Buffer; from: number[]; length: number[] } {
  const pieces = texts.map((text) => Buffer.from(text));
  let next = 1;
  const from = pieces.map((piece) => (next += piece.length) - piece.length);
  return { bytes: Buffer.concat(pieces), from, length: pieces.map((piece) => piece.length) };
}

async function turnsOf(
  tx: Queryable,
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<Map<NewDelivery, number>> {
  const lined = deliveries.flatMap((delivery) => {
    const { organisationId, subscriptionId, line } = delivery;
    return line ? [{ delivery, organisationId, subscriptionId, ...line }] : [];
  });
  if (lined.length === 0) return new Map();
  const turns = await joinLines(tx, lined, now);
  return new Map(lined.map(({ delivery }, i) => [delivery, turns[i] ?? 0]));
}

const TAKEN = `taken as (
  update deliveries d set due_at = to_timestamp($LEASE / 1000.0), held_by = $HOLDER::integer
  from due where d.organisation_id = due.organisation_id and d.id = due.id and d.created_at = due.created_at
  returning d.organisation_id, d.id, d.subscription_id, d.event_id, d.type, d.dialect, d.told_at, d.created_at, d.attempt, d.conversation, d.turn::float8
)
select taken.*, t.name, t.subject, t.source, t.body from taken
  join tellings t on t.organisation_id = taken.organisation_id and t.event_id = taken.event_id and t.dialect = taken.dialect and t.created_at = taken.told_at
order by taken.id`;

// Over index deliveries_due, for each subscription no more than it has room for: a dead endpoint's long list costs the others nothing.
// Rows that another node has taken are passed over. What stands in lines has no time of its own, and is not among them.
const TAKE = `
with due as (
  select d.organisation_id, d.id, d.created_at from unnest($1::text[], $2::text[], $3::int[]) as s (organisation_id, id, room) cross join lateral (
    select organisation_id, id, created_at from deliveries d
    where d.organisation_id = s.organisation_id and d.subscription_id = s.id and d.due_at <= to_timestamp($4 / 1000.0)
    order by d.due_at limit s.room for update skip locked) d
), ${TAKEN.replace('$LEASE', '$5').replace('$HOLDER', '$6')}`;

/** Takes what is due for these subscriptions until a moment; afterwards others may take it. */
export async function takeDue(
  db: Queryable,
  take: {
    subscriptions: readonly { organisationId: string; id: string; room: number }[];
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
      take.holder,
    ],
    'take-deliveries',
  );
  return rows.map(toTaken);
}

/** When the next delivery or line of each subscription is due, where there is one (indexes deliveries_due, delivery_lines_due). */
export async function selectNextDue(
  db: Queryable,
  subscriptions: readonly { organisationId: string; id: SubscriptionId }[],
): Promise<Map<SubscriptionId, number>> {
  const rows = await db.query<{ id: SubscriptionId; due_at: number | null }>(
    `select s.id, (extract(epoch from least(
       (select due_at from deliveries d where d.organisation_id = s.organisation_id and d.subscription_id = s.id and d.due_at is not null
        order by d.due_at limit 1),
       (select due_at from delivery_lines l where l.subscription_id = s.id and l.due_at is not null
        order by l.due_at limit 1))) * 1000)::float8 as due_at
     from unnest($1::text[], $2::text[]) as s (organisation_id, id)`,
    [subscriptions.map((s) => s.organisationId), subscriptions.map((s) => s.id)],
    'next-due',
  );
  return new Map(rows.flatMap(({ id, due_at: dueAt }) => (dueAt === null ? [] : [[id, dueAt]])));
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

// By primary key, in its order. What succeeded stays so, whatever a second try of another node says; and what was written down already,
// because the answer to it was lost or another node has tried as well, is not written twice.
const SETTLE = `
update deliveries d set state = r.state, attempt = greatest(d.attempt, r.attempt), held_by = null,
  due_at = case when d.turn is null then to_timestamp(r.due_at / 1000) end,
  turn = case when r.state = 'pending' then d.turn end, finished_at = to_timestamp(r.finished_at / 1000), tries = d.tries || r.try
from (select * from unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::smallint[], $6::float8[], $7::float8[], $8::jsonb[])
  as r (organisation_id, id, created_at, state, attempt, due_at, finished_at, try)) r
where d.organisation_id = r.organisation_id and d.id = r.id and d.created_at = to_timestamp(r.created_at / 1000) and d.state <> 'succeeded'
  and (d.attempt < r.attempt or r.state = 'succeeded')
returning d.id`;

/** Says which of them were not settled so before. */
export async function settleRows(db: Queryable, rows: readonly SettledRow[]): Promise<Set<DeliveryId>> {
  const o = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const settled = await db.query<{ id: DeliveryId }>(
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
  return new Set(settled.map(({ id }) => id));
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

/** Ends what waits for subscriptions that are gone (one, or any), so many at a time; nothing takes it any more. And, for any, replays
 *  whose words have gone with their day meanwhile: they would be taken again and again, and never go out. */
export async function endOfGone(db: Queryable, subscriptionId: string | null): Promise<void> {
  await db.query(
    `update deliveries d set state = 'dead', due_at = null, turn = null, finished_at = database_now()
     from (select organisation_id, id, created_at from deliveries w
           where (w.due_at is not null or w.turn is not null) and ($1::text is null or w.subscription_id = $1)
             and (not exists (select from webhook_subscriptions s where s.organisation_id = w.organisation_id and s.id = w.subscription_id)
               or ($1::text is null and w.replayed_from is not null and not exists (select from tellings t
                 where t.organisation_id = w.organisation_id and t.event_id = w.event_id and t.dialect = w.dialect and t.created_at = w.told_at)))
           order by 1, 2 limit 20000 for update skip locked) w
     where d.organisation_id = w.organisation_id and d.id = w.id and d.created_at = w.created_at`,
    [subscriptionId],
  );
}
