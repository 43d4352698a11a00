// SQL of subscriptions and their secrets.
import type { OrganisationId, SecretId, SubscriptionId } from '../kernel/ids.ts';
import type { Queryable, Row } from '../storage/db.ts';
import type { Secret, Subscription, SubscriptionState } from './subscription.ts';
import type { WebhookDialect } from './telling.ts';

interface SubscriptionRow extends Row {
  organisation_id: OrganisationId;
  id: SubscriptionId;
  url: string | null;
  dialect: WebhookDialect;
  events: string[];
  phone_number_ids: string[] | null;
  description: string | null;
  status: SubscriptionState;
  status_reason: string | null;
  status_since: Date;
  ordered: boolean;
  buffer_seconds: number | null;
  buffer_max: number | null;
  dead_in_a_row: number;
  last_success_at: Date | null;
  last_failure_at: Date | null;
  last_fetch_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export async function insertSubscription(
  db: Queryable,
  subscription: Omit<Subscription, 'statusReason' | 'deadInARow' | 'lastSuccessAt' | 'lastFailureAt'>,
): Promise<void> {
  const s = subscription;
  await db.query(
    `insert into webhook_subscriptions (organisation_id, id, url, dialect, events, phone_number_ids, description, status, status_since,
       ordered, buffer_seconds, buffer_max, last_fetch_at, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      s.organisationId,
      s.id,
      s.url,
      s.dialect,
      s.events,
      s.phoneNumberIds,
      s.description,
      s.status,
      s.statusSince,
      s.ordered,
      s.buffer?.seconds ?? null,
      s.buffer?.max ?? null,
      s.lastFetchAt,
      s.createdAt,
      s.updatedAt,
    ],
  );
}

/** One subscription of an organisation (primary key); locked, for a change in the same transaction. */
export async function lockSubscription(
  tx: Queryable,
  organisationId: string,
  id: string,
): Promise<Subscription | undefined> {
  const rows = await tx.query<SubscriptionRow>(
    'select * from webhook_subscriptions where organisation_id = $1 and id = $2 for update',
    [organisationId, id],
  );
  return rows.map(toSubscription)[0];
}

export async function selectSubscription(
  db: Queryable,
  organisationId: string,
  id: string,
): Promise<Subscription | undefined> {
  const rows = await db.query<SubscriptionRow>(
    'select * from webhook_subscriptions where organisation_id = $1 and id = $2',
    [organisationId, id],
  );
  return rows.map(toSubscription)[0];
}

/** Those of one organisation, the newest first (primary key; an organisation has few). */
export async function selectSubscriptions(db: Queryable, organisationId: string): Promise<Subscription[]> {
  const rows = await db.query<SubscriptionRow>(
    'select * from webhook_subscriptions where organisation_id = $1 order by id desc',
    [organisationId],
  );
  return rows.map(toSubscription);
}

/** Those of one organisation, for one that makes another: nobody else does until its transaction ends. */
export async function lockSubscriptions(tx: Queryable, organisationId: string): Promise<Subscription[]> {
  // Not stronger: what refers to the organisation goes on being written.
  await tx.query('select id from organisations where id = $1 for no key update', [organisationId]);
  return selectSubscriptions(tx, organisationId);
}

/** Notes that a listener asked, where that was not noted lately; whether it was noted now. */
export async function noteFetch(
  db: Queryable,
  subscription: { organisationId: string; id: string },
  { now, notSince }: { now: number; notSince: number },
): Promise<boolean> {
  const rows = await db.query(
    `update webhook_subscriptions set last_fetch_at = to_timestamp($3 / 1000.0)
     where organisation_id = $1 and id = $2 and (last_fetch_at is null or last_fetch_at < to_timestamp($4 / 1000.0)) returning id`,
    [subscription.organisationId, subscription.id, now, notSince],
  );
  return rows.length > 0;
}

/** Those of all organisations: for the directory. */
export async function selectAllSubscriptions(db: Queryable): Promise<Subscription[]> {
  const rows = await db.query<SubscriptionRow>('select * from webhook_subscriptions order by id');
  return rows.map(toSubscription);
}

/** Changes whenever a row is written, added or taken away, and at no other time. */
export async function selectSubscriptionsFingerprint(db: Queryable): Promise<string> {
  const [row] = await db.query<{ print: string }>(
    `select (select coalesce(md5(string_agg((to_jsonb(s) - 'last_success_at' - 'last_failure_at' - 'failing_since')::text, ' ' order by id)), '')
         from webhook_subscriptions s) || ' ' ||
       (select count(*) || '/' || coalesce(sum(xmin::text::bigint), 0) from webhook_secrets) as print`,
  );
  return row?.print ?? '';
}

export async function updateSubscription(db: Queryable, s: Subscription): Promise<void> {
  await db.query(
    `update webhook_subscriptions set url = $3, dialect = $4, events = $5, phone_number_ids = $6, description = $7, status = $8,
       status_reason = $9, status_since = $10, ordered = $11, buffer_seconds = $12, buffer_max = $13, dead_in_a_row = $14, failing_since = case when $14 = 0 then null else failing_since end, last_fetch_at = $15, updated_at = $16
     where organisation_id = $1 and id = $2`,
    [
      s.organisationId,
      s.id,
      s.url,
      s.dialect,
      s.events,
      s.phoneNumberIds,
      s.description,
      s.status,
      s.statusReason,
      s.statusSince,
      s.ordered,
      s.buffer?.seconds ?? null,
      s.buffer?.max ?? null,
      s.deadInARow,
      s.lastFetchAt,
      s.updatedAt,
    ],
  );
}

/** Its secrets go with it. Whether it was there. */
export async function deleteSubscription(
  db: Queryable,
  organisationId: string,
  id: string,
): Promise<boolean> {
  const rows = await db.query(
    'delete from webhook_subscriptions where organisation_id = $1 and id = $2 returning id',
    [organisationId, id],
  );
  return rows.length > 0;
}

/** Counts what ended dead (one body, however many events it held), and says how many in a row that makes. */
export async function countDead(
  db: Queryable,
  subscription: { organisationId: string; id: string },
  now: number,
): Promise<number> {
  const [row] = await db.query<{ dead_in_a_row: number }>(
    `update webhook_subscriptions set dead_in_a_row = dead_in_a_row + 1, last_failure_at = to_timestamp($3 / 1000.0)
     where organisation_id = $1 and id = $2 returning dead_in_a_row`,
    [subscription.organisationId, subscription.id, now],
  );
  return row?.dead_in_a_row ?? 0;
}

/** A try failed; says since when none has succeeded. */
export async function noteFailing(
  db: Queryable,
  subscription: { organisationId: string; id: string },
  now: number,
): Promise<Date | undefined> {
  const [row] = await db.query<{ failing_since: Date }>(
    `update webhook_subscriptions set failing_since = coalesce(failing_since, to_timestamp($3 / 1000.0)),
       last_failure_at = to_timestamp($3 / 1000.0)
     where organisation_id = $1 and id = $2 returning failing_since`,
    [subscription.organisationId, subscription.id, now],
  );
  return row?.failing_since;
}

/** A delivery succeeded: what died before it does not count any more. */
export async function forgetDead(
  db: Queryable,
  subscription: { organisationId: string; id: string },
  now: number,
): Promise<void> {
  await db.query(
    `update webhook_subscriptions set dead_in_a_row = 0, failing_since = null, last_success_at = to_timestamp($3 / 1000.0)
     where organisation_id = $1 and id = $2`,
    [subscription.organisationId, subscription.id, now],
  );
}

export interface SealedSecret extends Secret {
  organisationId: OrganisationId;
  subscriptionId: SubscriptionId;
  secret: Buffer;
}

interface SecretRow extends Row {
  organisation_id: OrganisationId;
  subscription_id: SubscriptionId;
  id: SecretId;
  secret: Buffer;
  created_at: Date;
  expires_at: Date | null;
}

export async function insertSecret(db: Queryable, s: SealedSecret): Promise<void> {
  await db.query(
    `insert into webhook_secrets (organisation_id, subscription_id, id, secret, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [s.organisationId, s.subscriptionId, s.id, s.secret, s.createdAt, s.expiresAt],
  );
}

/** Secrets in force at a moment, the newest first; of all organisations if none is given. */
export async function selectSecrets(
  db: Queryable,
  of: { organisationId: string; subscriptionId: string } | null,
  now: Date,
): Promise<SealedSecret[]> {
  const rows = await db.query<SecretRow>(
    `select * from webhook_secrets where ($1::text is null or (organisation_id = $1 and subscription_id = $2))
       and (expires_at is null or expires_at > $3) order by created_at desc, id desc`,
    [of?.organisationId ?? null, of?.subscriptionId ?? null, now],
  );
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    subscriptionId: row.subscription_id,
    id: row.id,
    secret: row.secret,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }));
}

/** Lets those that have no end, or a later one, expire at a moment: all but the one given. */
export async function expireSecrets(
  db: Queryable,
  of: { organisationId: string; subscriptionId: string; but: string },
  at: Date,
): Promise<void> {
  await db.query(
    `update webhook_secrets set expires_at = least(coalesce(expires_at, $4), $4)
     where organisation_id = $1 and subscription_id = $2 and id <> $3`,
    [of.organisationId, of.subscriptionId, of.but, at],
  );
}

/** Takes one away; whether it was there. */
export async function deleteSecret(
  db: Queryable,
  of: { organisationId: string; subscriptionId: string; id: string },
): Promise<boolean> {
  const rows = await db.query(
    'delete from webhook_secrets where organisation_id = $1 and subscription_id = $2 and id = $3 returning id',
    [of.organisationId, of.subscriptionId, of.id],
  );
  return rows.length > 0;
}

function toSubscription(row: SubscriptionRow): Subscription {
  return {
    organisationId: row.organisation_id,
    id: row.id,
    url: row.url,
    dialect: row.dialect,
    events: row.events,
    phoneNumberIds: row.phone_number_ids,
    description: row.description,
    status: row.status,
    statusReason: row.status_reason,
    statusSince: row.status_since,
    ordered: row.ordered,
    buffer: row.buffer_seconds === null ? null : { seconds: row.buffer_seconds, max: row.buffer_max ?? 50 },
    deadInARow: row.dead_in_a_row,
    lastSuccessAt: row.last_success_at,
    lastFailureAt: row.last_failure_at,
    lastFetchAt: row.last_fetch_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
