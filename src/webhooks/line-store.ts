// SQL of lines: what goes out one after the other, or is collected, within a conversation of a subscription. Only the line is looked for,
// taken and given back; so a conversation that is stuck costs one row however much waits in it. Who joins locks the line until the commit,
// so places are in the order of commits, and whoever has taken a line sees all up to its last place.
import type { OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { Queryable, Row } from '../storage/db.ts';
import { toTaken, type Taken, type TakenRow } from './taken.ts';

/** Whom deliveries of one conversation go to, one after the other. */
export interface LineKey {
  organisationId: string;
  subscriptionId: string;
  conversation: string;
}

/** So long after the last that joined the line may be taken, or when so many stand in it. */
export interface LineWait {
  waitMs: number;
  fullAt: number;
}

export type Joining = LineKey & LineWait;

// What is due already stays so: a line that many join is not put off again and again, unless it collects.
const JOIN = `
insert into delivery_lines as l (organisation_id, subscription_id, conversation, wait_ms, full_at, last_turn, due_at, joined_at)
select organisation_id, subscription_id, conversation, wait_ms, full_at, joining,
  to_timestamp($7::float8 / 1000) + case when joining < full_at then wait_ms else 0 end * interval '1 millisecond', to_timestamp($7::float8 / 1000)
from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[]) as j (organisation_id, subscription_id, conversation, wait_ms, full_at, joining)
order by 1, 2, 3
on conflict (organisation_id, subscription_id, conversation) do update set wait_ms = excluded.wait_ms, full_at = excluded.full_at,
  last_turn = l.last_turn + excluded.last_turn, joined_at = excluded.joined_at,
  due_at = case when l.taken_turn is not null or l.due_at <= to_timestamp($7::float8 / 1000) then l.due_at
    when l.last_turn + excluded.last_turn - l.over_turn >= excluded.full_at then to_timestamp($7::float8 / 1000)
    else to_timestamp($7::float8 / 1000) + excluded.wait_ms * interval '1 millisecond' end
returning subscription_id, conversation, last_turn::float8`;

/** The places of these in their lines, in their order. */
export async function joinLines(tx: Queryable, joining: readonly Joining[], now: number): Promise<number[]> {
  const lines = [...Map.groupBy(joining, lineName).values()].flatMap((together) => {
    const [first] = together;
    return first ? [{ ...first, joining: together.length }] : [];
  });
  const rows = await tx.query<{ subscription_id: string; conversation: string; last_turn: number }>(
    JOIN,
    [
      lines.map((l) => l.organisationId),
      lines.map((l) => l.subscriptionId),
      lines.map((l) => l.conversation),
      lines.map((l) => l.waitMs),
      lines.map((l) => l.fullAt),
      lines.map((l) => l.joining),
      now,
    ],
    'join-lines',
  );
  const last = new Map(
    rows.map((row) => [
      lineName({ subscriptionId: row.subscription_id, conversation: row.conversation }),
      row.last_turn,
    ]),
  );
  const places = joining.toReversed().map((one) => {
    const place = last.get(lineName(one)) ?? 0;
    last.set(lineName(one), place - 1);
    return place;
  });
  return places.toReversed();
}

/** By what a line is known in memory. */
export function lineName(line: Pick<LineKey, 'subscriptionId' | 'conversation'>): string {
  return `${line.subscriptionId} ${line.conversation}`;
}

/** A line that a node has in hand. */
export interface HeldLine extends LineKey {
  organisationId: OrganisationId;
  subscriptionId: SubscriptionId;
  waitMs: number;
  fullAt: number;
  overTurn: number;
  lastTurn: number;
  /** What was taken before and goes out as it did: up to here. */
  takenTurn: number | null;
  /** By which it is known that it is still this node's. */
  leaseUntil: number;
}

interface LineRow extends Row {
  organisation_id: OrganisationId;
  subscription_id: SubscriptionId;
  conversation: string;
  wait_ms: number;
  full_at: number;
  over_turn: number;
  last_turn: number;
  taken_turn: number;
}

const TAKE = `
with due as (
  select l.organisation_id, l.subscription_id, l.conversation from unnest($1::text[], $2::text[], $3::int[]) as s (organisation_id, id, room) cross join lateral (
    select organisation_id, subscription_id, conversation from delivery_lines l
    where l.organisation_id = s.organisation_id and l.subscription_id = s.id and l.due_at <= to_timestamp($4::float8 / 1000)
    order by l.due_at limit s.room for update skip locked) l)
update delivery_lines l set due_at = to_timestamp($5::float8 / 1000), taken_turn = coalesce(l.taken_turn, 0), held_by = $6::integer
from due where l.organisation_id = due.organisation_id and l.subscription_id = due.subscription_id and l.conversation = due.conversation
returning l.organisation_id, l.subscription_id, l.conversation, l.wait_ms, l.full_at, l.over_turn::float8, l.last_turn::float8, l.taken_turn::float8`;

/** Takes lines that are due until a moment (index delivery_lines_due); afterwards others may take them. */
export async function takeLines(
  db: Queryable,
  take: {
    subscriptions: readonly { organisationId: string; id: string; room: number }[];
    now: number;
    leaseUntil: number;
    /** The node that takes it. */
    holder: number;
  },
): Promise<HeldLine[]> {
  const rows = await db.query<LineRow>(
    TAKE,
    [
      take.subscriptions.map((s) => s.organisationId),
      take.subscriptions.map((s) => s.id),
      take.subscriptions.map((s) => s.room),
      take.now,
      take.leaseUntil,
      take.holder,
    ],
    'take-lines',
  );
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    subscriptionId: row.subscription_id,
    conversation: row.conversation,
    waitMs: row.wait_ms,
    fullAt: row.full_at,
    overTurn: row.over_turn,
    lastTurn: row.last_turn,
    takenTurn: row.taken_turn === 0 ? null : row.taken_turn,
    leaseUntil: take.leaseUntil,
  }));
}

// Over index deliveries_turns.
const STANDING = `
select d.*, t.name, t.subject, t.source, t.body
from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::int[]) as l (organisation_id, subscription_id, conversation, over_turn, to_turn, most)
cross join lateral (
  select organisation_id, id, subscription_id, event_id, type, dialect, told_at, created_at, attempt, conversation, turn::float8 from deliveries d
  where d.organisation_id = l.organisation_id and d.subscription_id = l.subscription_id and d.conversation = l.conversation
    and d.turn > l.over_turn::bigint and d.turn <= l.to_turn::bigint
  order by d.turn limit l.most) d
join tellings t on t.organisation_id = d.organisation_id and t.event_id = d.event_id and t.dialect = d.dialect and t.created_at = d.told_at
order by d.subscription_id, d.conversation, d.turn`;

const ALL = 1_000;

/** Who stands first in lines that were taken: one, or as many as may go out together. */
export async function selectStanding(db: Queryable, lines: readonly HeldLine[]): Promise<Taken[]> {
  const rows = await db.query<TakenRow>(
    STANDING,
    [
      lines.map((l) => l.organisationId),
      lines.map((l) => l.subscriptionId),
      lines.map((l) => l.conversation),
      lines.map((l) => l.overTurn),
      lines.map((l) => l.takenTurn ?? l.lastTurn),
      lines.map((l) => (l.takenTurn === null ? l.fullAt : ALL)),
    ],
    'select-standing',
  );
  return rows.map(toTaken);
}

/** What goes out together does so with every try: up to where is written down before the first. */
export async function fixTaken(
  db: Queryable,
  lines: readonly (HeldLine & { takenTurn: number })[],
): Promise<void> {
  await db.query(
    `update delivery_lines l set taken_turn = t.taken_turn::bigint
     from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[]) as t (organisation_id, subscription_id, conversation, lease, taken_turn)
     where ${IS_HELD}`,
    [...heldValues(lines), lines.map((l) => l.takenTurn)],
  );
}

// By primary key: a lease is no key, many lines were taken at one moment. Written so that no index of moments is thought of.
const IS_HELD = `l.organisation_id = t.organisation_id and l.subscription_id = t.subscription_id and l.conversation = t.conversation
       and l.due_at is not distinct from to_timestamp(t.lease / 1000)`;

function heldValues(lines: readonly (LineKey & { leaseUntil: number })[]): unknown[][] {
  return [
    lines.map((l) => l.organisationId),
    lines.map((l) => l.subscriptionId),
    lines.map((l) => l.conversation),
    lines.map((l) => l.leaseUntil),
  ];
}

/** What became of what was taken from a line. */
export interface SettledLine extends LineKey {
  leaseUntil: number;
  /** The last place that was taken. */
  turn: number;
  /** When it is tried again; null: it is over, and the next may go. */
  dueAt: number | null;
}

const SETTLE = `
update delivery_lines l set over_turn = case when t.due_at is null then t.turn::bigint else l.over_turn end,
  taken_turn = case when t.due_at is not null then l.taken_turn end, held_by = null,
  due_at = case when t.due_at is not null then to_timestamp(t.due_at / 1000)
    when l.last_turn <= t.turn then null
    when l.last_turn - t.turn >= l.full_at then to_timestamp($7::float8 / 1000)
    else to_timestamp($7::float8 / 1000) + l.wait_ms * interval '1 millisecond' end
from (select * from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[])
  as t (organisation_id, subscription_id, conversation, lease, turn, due_at) order by 1, 2, 3) t
where ${IS_HELD}`;

/** Lets the next of each line go, or the same again later. A line that another node has taken meanwhile is that one's. */
export async function settleLines(db: Queryable, lines: readonly SettledLine[], now: number): Promise<void> {
  await db.query(
    SETTLE,
    [...heldValues(lines), lines.map((l) => l.turn), lines.map((l) => l.dueAt), now],
    'settle-lines',
  );
}

/** Gives lines back from which nothing was tried. */
export async function giveBackLines(
  db: Queryable,
  lines: readonly (LineKey & { leaseUntil: number })[],
  now: number,
): Promise<void> {
  await db.query(
    `update delivery_lines l set due_at = to_timestamp($5::float8 / 1000), held_by = null
     from (select * from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as t (organisation_id, subscription_id, conversation, lease) order by 1, 2, 3) t
     where ${IS_HELD}`,
    [...heldValues(lines), now],
  );
}

/** Gives back lines that are a node's in the table until some moment, and not in its hand (index delivery_lines_due). */
export async function giveBackLostLines(
  db: Queryable,
  lost: {
    subscriptionIds: readonly string[];
    holder: number;
    /** Names of lines, and whatever else it has. */
    inHand: readonly string[];
    now: number;
    leaseUntil: number;
  },
): Promise<void> {
  await db.query(
    `update delivery_lines set due_at = to_timestamp($3::float8 / 1000), held_by = null
     where subscription_id = any($1) and held_by = $2 and due_at > to_timestamp($3::float8 / 1000)
       and due_at <= to_timestamp($4::float8 / 1000) and subscription_id || ' ' || conversation <> all($5::text[])`,
    [lost.subscriptionIds, lost.holder, lost.now, lost.leaseUntil, lost.inHand],
  );
}

/** Forgets the lines of a subscription that is gone. */
export async function forgetLinesOf(db: Queryable, subscriptionId: string): Promise<void> {
  await db.query('delete from delivery_lines where subscription_id = $1', [subscriptionId]);
}

/** Forgets lines whose subscription is gone, and those that nobody has joined for so many days. */
export async function forgetLines(db: Queryable, days: number): Promise<void> {
  await db.query(
    `delete from delivery_lines l where (l.due_at is null and l.joined_at < database_now() - make_interval(days => $1))
       or not exists (select from webhook_subscriptions s where s.organisation_id = l.organisation_id and s.id = l.subscription_id)`,
    [days],
  );
}
