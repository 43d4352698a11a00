// SQL that shows deliveries to their organisation, and replays them. An id holds the moment of its row, so that one row, or a stretch of
// time, is looked for in its own partitions alone.
import type { DeliveryId, EventId, SubscriptionId } from '../kernel/ids.ts';
import type { Queryable, Row } from '../storage/db.ts';
import type { Delivery, DeliveryState, Said, Try } from './delivery.ts';
import type { WebhookDialect } from './telling.ts';

interface DeliveryRow extends Row {
  id: DeliveryId;
  subscription_id: SubscriptionId;
  event_id: EventId;
  dialect: WebhookDialect;
  type: string;
  state: DeliveryState;
  attempt: number;
  due_at: Date | null;
  created_at: Date;
  finished_at: Date | null;
  replayed_from: string | null;
  tries: Try[];
}

const COLUMNS =
  'd.id, d.subscription_id, d.event_id, d.dialect, d.type, d.state, d.attempt, d.due_at, d.created_at, d.finished_at, d.replayed_from, d.tries';

export interface DeliveryRange {
  subscriptionId: string | undefined;
  state: DeliveryState | undefined;
  type: string | undefined;
  /** Ids below this one, made at this moment or before. */
  below: { id: string; at: Date } | undefined;
  /** This id and those above, made at this moment or after. */
  from: { id: string; at: Date } | undefined;
}

const IN_RANGE = `($2::text is null or d.subscription_id = $2) and ($3::text is null or d.state = $3) and ($4::text is null or d.type = $4)
    and ($5::text is null or (d.id < $5 and d.created_at <= $6)) and ($7::text is null or (d.id >= $7 and d.created_at >= $8))`;

function rangeValues(organisationId: string, range: DeliveryRange): unknown[] {
  const { subscriptionId, state, type, below, from } = range;
  return [
    organisationId,
    subscriptionId ?? null,
    state ?? null,
    type ?? null,
    below?.id ?? null,
    below?.at ?? null,
    from?.id ?? null,
    from?.at ?? null,
  ];
}

/** The newest first (primary key; of dead ones of a subscription, index deliveries_dead). */
export async function listDeliveries(
  db: Queryable,
  organisationId: string,
  { range, limit }: { range: DeliveryRange; limit: number },
): Promise<Delivery[]> {
  const rows = await db.query<DeliveryRow>(
    `select ${COLUMNS} from deliveries d where d.organisation_id = $1 and ${IN_RANGE} order by d.id desc limit $9`,
    [...rangeValues(organisationId, range), limit],
  );
  return rows.map(toDelivery);
}

/** One, with what it says (primary keys). */
export async function findDelivery(
  db: Queryable,
  organisationId: string,
  { id, createdAt }: { id: string; createdAt: number },
): Promise<{ delivery: Delivery; said: Said | null } | undefined> {
  const [row] = await db.query<DeliveryRow & { [Key in keyof Said]: Said[Key] | null }>(
    `select ${COLUMNS}, t.name, t.subject, t.source, t.body from deliveries d
       left join tellings t on t.organisation_id = d.organisation_id and t.event_id = d.event_id and t.dialect = d.dialect and t.created_at = d.told_at
     where d.organisation_id = $1 and d.id = $2 and d.created_at = to_timestamp($3::float8 / 1000)`,
    [organisationId, id, createdAt],
  );
  if (!row) return undefined;
  const { name, subject, source, body } = row;
  const isKept = name !== null && subject !== null && source !== null && body !== null;
  return { delivery: toDelivery(row), said: isKept ? { name, subject, source, body } : null };
}

export interface Place {
  id: string;
  createdAt: number;
}

/** Those of a subscription that are not over (primary key). */
export async function selectPending(
  db: Queryable,
  subscription: { organisationId: string; id: string },
  places: readonly Place[],
): Promise<{ id: DeliveryId; createdAt: number; attempt: number }[]> {
  const rows = await db.query<{ id: DeliveryId; created_at: Date; attempt: number }>(
    `select d.id, d.created_at, d.attempt from unnest($3::text[], $4::float8[]) as p (id, created_at)
       join deliveries d on d.organisation_id = $1 and d.id = p.id and d.created_at = to_timestamp(p.created_at / 1000)
     where d.subscription_id = $2 and d.state = 'pending'`,
    [
      subscription.organisationId,
      subscription.id,
      places.map((one) => one.id),
      places.map((one) => one.createdAt),
    ],
  );
  return rows.map((row) => ({ id: row.id, createdAt: row.created_at.getTime(), attempt: row.attempt }));
}

const IS_KEPT = `exists (select from tellings t
    where t.organisation_id = d.organisation_id and t.event_id = d.event_id and t.dialect = d.dialect and t.created_at = d.told_at)`;

/** The oldest that have not been replayed, and still can be (indexes deliveries_dead, deliveries_replays). */
export async function selectReplayable(
  tx: Queryable,
  organisationId: string,
  { range, limit }: { range: DeliveryRange; limit: number },
): Promise<Place[]> {
  const rows = await tx.query<{ id: string; created_at: Date }>(
    `select d.id, d.created_at from deliveries d where d.organisation_id = $1 and ${IN_RANGE} and ${IS_KEPT}
       and not exists (select from deliveries r where r.organisation_id = $1 and r.replayed_from = d.id)
     order by d.id limit $9`,
    [...rangeValues(organisationId, range), limit],
  );
  return rows.map((row) => ({ id: row.id, createdAt: row.created_at.getTime() }));
}

export interface Replay extends Place {
  newId: DeliveryId;
  /** The batch that died with it, if it is told singly after that. */
  single: string | null;
  /** In the line of that batch; null: it goes at once, out of any order. */
  turn: number | null;
}

/** Lets them go out again as rows of their own; says which. The old rows stay as they are. */
export async function insertReplays(
  tx: Queryable,
  organisationId: string,
  { replays, now }: { replays: readonly Replay[]; now: number },
): Promise<DeliveryId[]> {
  const rows = await tx.query<{ id: DeliveryId }>(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, replayed_from, conversation, turn, state, due_at)
     select d.organisation_id, r.new_id, d.subscription_id, d.event_id, d.dialect, d.type, d.told_at, to_timestamp($5::float8 / 1000), d.id,
       r.single, r.turn, 'pending', case when r.turn is null then to_timestamp($5::float8 / 1000) end
     from unnest($2::text[], $3::float8[], $4::text[], $6::text[], $7::integer[]) as r (id, created_at, new_id, single, turn)
       join deliveries d on d.organisation_id = $1 and d.id = r.id and d.created_at = to_timestamp(r.created_at / 1000)
     where ${IS_KEPT} returning id`,
    [
      organisationId,
      replays.map((one) => one.id),
      replays.map((one) => one.createdAt),
      replays.map((one) => one.newId),
      now,
      replays.map((one) => one.single),
      replays.map((one) => one.turn),
    ],
  );
  return rows.map((row) => row.id);
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    eventId: row.event_id,
    dialect: row.dialect,
    type: row.type,
    state: row.state,
    attempt: row.attempt,
    dueAt: row.due_at,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    replayedFrom: row.replayed_from,
    tries: row.tries,
  };
}
