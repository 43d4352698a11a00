// SQL of nodes, lanes and the gaps of our webhook door. Leases are decided by the database's clock (database_now()).
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface HeldLane {
  phoneNumberId: string;
  epoch: number;
  /** The owner before, and when it was last seen: what it was calling may still be on the wire. */
  formerOwner: string | null;
  formerSeenAt: Date | null;
}

interface LaneRow {
  phone_number_id: string;
  epoch: number;
  former_owner: string | null;
  former_seen_at: Date | null;
}

/** A node as it presents itself. */
export interface NodeAbout {
  id: string;
  host: string;
  pid: number;
  version: string;
  startedAt: number;
}

/** What a heartbeat sees: other nodes that live, and lanes in all. */
export interface Seen {
  neighbours: number;
  lanes: number;
}

/** One heartbeat. Where no node was seen for `leaseSeconds`, the silence is written down: nobody heard Meta meanwhile. */
export async function beat(db: Queryable, node: NodeAbout, leaseSeconds: number): Promise<Seen> {
  const rows = await db.query<Seen>(
    `with last as (select max(seen_at) as seen_at from nodes),
     gap as (
       insert into door_gaps (started_at, ended_at)
       select seen_at, database_now() from last where seen_at < database_now() - make_interval(secs => $2)
     ), me as (
       insert into nodes (id, seen_at, host, pid, version, started_at)
       values ($1, database_now(), $3, $4, $5, to_timestamp($6 / 1000.0))
       on conflict (id) do update set seen_at = excluded.seen_at, host = excluded.host, pid = excluded.pid,
         version = excluded.version, started_at = excluded.started_at, stopped_at = null
     )
     select (select count(*)::int from lanes) as lanes, count(*)::int as neighbours from nodes
     where id <> $1 and stopped_at is null and seen_at >= database_now() - make_interval(secs => $2)`,
    [node.id, leaseSeconds, node.host, node.pid, node.version, node.startedAt],
  );
  return rows[0] ?? { neighbours: 0, lanes: 0 };
}

/** Says that a node stopped in order: the others need not leave room for it. */
export async function stopNode(db: Queryable, nodeId: string): Promise<void> {
  await db.query('update nodes set stopped_at = database_now() where id = $1', [nodeId]);
}

/** Forgets nodes that were not seen for so long and own nothing. */
export async function forgetNodes(db: Queryable, hours: number): Promise<void> {
  await db.query(
    `delete from nodes n where n.seen_at < database_now() - make_interval(hours => $1)
     and not exists (select from lanes l where l.owner = n.id)`,
    [hours],
  );
}

/** Takes lanes: those that are ours in the table under an epoch that is not held (before a restart; or the answer that told us was lost;
 *  `held` undefined: there are none of these), and up to `room` free ones (null: all): owned by nobody, or by a node silent for `leaseSeconds`. The epoch that was seen is the one that is taken, and
 *  what another node is taking in this moment is passed over: two nodes never wait for each other, and never take the same. */
export async function takeLanes(
  db: Queryable,
  nodeId: string,
  take: { leaseSeconds: number; held: ReadonlyMap<string, number> | undefined; room: number | null },
): Promise<HeldLane[]> {
  const rows = await db.query<LaneRow>(
    `with ours as (
       select l.phone_number_id, l.epoch, l.owner, n.seen_at from lanes l left join nodes n on n.id = l.owner
       where l.owner = $1 and $4 and not (l.phone_number_id, l.epoch) in (select * from unnest($5::text[], $6::bigint[]))
     ), free as (
       select l.phone_number_id, l.epoch, l.owner, n.seen_at from lanes l left join nodes n on n.id = l.owner
       where l.owner is null
          or (l.owner <> $1 and coalesce(n.seen_at, '-infinity') < database_now() - make_interval(secs => $2))
       order by l.phone_number_id limit $3 for update of l skip locked
     )
     update lanes l set owner = $1, epoch = l.epoch + 1
     from (select * from ours union all select * from free) seen
     where l.phone_number_id = seen.phone_number_id and l.epoch = seen.epoch
     returning l.phone_number_id, l.epoch, seen.owner as former_owner, seen.seen_at as former_seen_at`,
    [
      nodeId,
      take.leaseSeconds,
      take.room,
      take.held !== undefined,
      [...(take.held?.keys() ?? [])],
      [...(take.held?.values() ?? [])],
    ],
  );
  return rows.map(toHeldLane);
}

/** Raises the epoch of the lanes that are still ours at the epoch we hold; the others we have lost. One more is ours as well: the answer
 *  to an earlier raise was lost, and nobody else can have had the lane in between. */
export async function takeLanesAnew(
  db: Queryable,
  nodeId: string,
  held: ReadonlyMap<string, number>,
): Promise<HeldLane[]> {
  const rows = await db.query<LaneRow>(
    `update lanes l set epoch = l.epoch + 1
     from unnest($2::text[], $3::bigint[]) as held (phone_number_id, epoch)
     where l.phone_number_id = held.phone_number_id and l.owner = $1 and l.epoch between held.epoch and held.epoch + 1
     returning l.phone_number_id, l.epoch, null::text as former_owner, null::timestamptz as former_seen_at`,
    [nodeId, [...held.keys()], [...held.values()]],
  );
  return rows.map(toHeldLane);
}

/** Gives lanes up, so that another node need not wait for the lease to run out. Only where nothing of them is under way here. */
export async function leaveLanes(
  db: Queryable,
  nodeId: string,
  held: ReadonlyMap<string, number>,
): Promise<void> {
  await db.query(
    `update lanes l set owner = null
     from unnest($2::text[], $3::bigint[]) as held (phone_number_id, epoch)
     where l.phone_number_id = held.phone_number_id and l.owner = $1 and l.epoch = held.epoch`,
    [nodeId, [...held.keys()], [...held.values()]],
  );
}

/** Lanes that some living node owns, and lanes in all: what readiness looks at. */
export async function countLanes(
  db: Queryable,
  leaseSeconds: number,
): Promise<{ all: number; owned: number }> {
  const rows = await db.query<{ all: number; owned: number }>(
    `select count(*)::int as all, count(*) filter (where n.seen_at >= database_now() - make_interval(secs => $1))::int as owned
     from lanes l left join nodes n on n.id = l.owner`,
    [leaseSeconds],
  );
  return rows[0] ?? { all: 0, owned: 0 };
}

/** Writes down how many messages are queued in each line of our lanes. */
export async function publishQueued(
  db: Queryable,
  nodeId: string,
  queued: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  const ordered = [...queued].toSorted(([one], [other]) => (one < other ? -1 : 1));
  await db.query(
    `update lanes l set queued = t.queued::int[] from unnest($2::text[], $3::text[]) as t (phone_number_id, queued)
     where l.phone_number_id = t.phone_number_id and l.owner = $1 and l.queued <> t.queued::int[]`,
    [nodeId, ordered.map(([id]) => id), ordered.map(([, lines]) => `{${lines.join(',')}}`)],
  );
}

export interface QueuedInLane {
  phoneNumberId: string;
  organisationId: OrganisationId;
  /** By line. */
  queued: number[];
}

/** The lanes of all nodes in which something is queued, as their owners last wrote it down. */
export async function readQueued(db: Queryable): Promise<QueuedInLane[]> {
  const rows = await db.query<{ phone_number_id: string; organisation_id: OrganisationId; queued: number[] }>(
    `select phone_number_id, n.organisation_id, l.queued from lanes l join numbers n using (phone_number_id)
     where 0 < any(l.queued)`,
  );
  return rows.map((row) => ({
    phoneNumberId: row.phone_number_id,
    organisationId: row.organisation_id,
    queued: row.queued,
  }));
}

export interface Heard {
  phoneNumberId: string;
  attemptAt: number;
  heardAt: number;
}

/** Keeps, for each number, the latest attempt a status was heard of: the evidence that Meta's statuses reach us. */
export async function keepHeard(db: Queryable, heard: readonly Heard[]): Promise<void> {
  const ordered = heard.toSorted((a, b) => (a.phoneNumberId < b.phoneNumberId ? -1 : 1));
  await db.query(
    `update lanes l set heard_attempt_at = to_timestamp(h.attempt_at / 1000), heard_at = to_timestamp(h.heard_at / 1000)
     from unnest($1::text[], $2::float8[], $3::float8[]) as h (phone_number_id, attempt_at, heard_at)
     where l.phone_number_id = h.phone_number_id and coalesce(l.heard_attempt_at, '-infinity') <= to_timestamp(h.attempt_at / 1000)`,
    [ordered.map((h) => h.phoneNumberId), ordered.map((h) => h.attemptAt), ordered.map((h) => h.heardAt)],
  );
}

/** Writes down that webhooks of Meta's were refused between two moments: as deaf as being down. */
export async function keepGap(db: Queryable, startedAt: number, endedAt: number): Promise<void> {
  await db.query(
    'insert into door_gaps (started_at, ended_at) values (to_timestamp($1 / 1000.0), to_timestamp($2 / 1000.0))',
    [startedAt, endedAt],
  );
}

export interface NodeRow {
  id: string;
  host: string;
  pid: number;
  version: string;
  startedAt: Date;
  seenAt: Date;
  silentSeconds: number;
  stoppedAt: Date | null;
}

/** All nodes that are remembered, the oldest process first. */
export async function readNodes(db: Queryable): Promise<NodeRow[]> {
  const rows = await db.query<{
    id: string;
    host: string;
    pid: number;
    version: string;
    started_at: Date;
    seen_at: Date;
    silent: number;
    stopped_at: Date | null;
  }>(
    `select id, host, pid, version, started_at, seen_at, stopped_at,
       greatest(0, extract(epoch from database_now() - seen_at))::float8 as silent from nodes order by started_at, id`,
  );
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    version: row.version,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    silentSeconds: row.silent,
    stoppedAt: row.stopped_at,
  }));
}

export interface LaneListing {
  phoneNumberId: string;
  owner: string | null;
  epoch: number;
  /** As its owner last wrote it down. */
  queued: number;
}

/** All lanes. */
export async function readLanes(db: Queryable): Promise<LaneListing[]> {
  const rows = await db.query<{
    phone_number_id: string;
    owner: string | null;
    epoch: number;
    queued: number;
  }>(
    `select phone_number_id, owner, epoch, (select sum(line) from unnest(queued) as line)::int as queued
     from lanes order by phone_number_id`,
  );
  return rows.map((row) => ({
    phoneNumberId: row.phone_number_id,
    owner: row.owner,
    epoch: row.epoch,
    queued: row.queued,
  }));
}

/** The channel of this installation's nodes: those of other schemas in the same database have their own. */
export async function readChannel(db: Queryable): Promise<string> {
  const rows = await db.query<{ channel: string }>(`select 'kurir_' || md5(current_schema()) as channel`);
  return rows[0]?.channel ?? 'kurir';
}

/** Tells the nodes. NOTIFY waits for a lock of the whole server: never inside another statement. */
export async function sendHints(db: Queryable, channel: string, payloads: readonly string[]): Promise<void> {
  await db.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads]);
}

function toHeldLane(row: LaneRow): HeldLane {
  return {
    phoneNumberId: row.phone_number_id,
    epoch: row.epoch,
    formerOwner: row.former_owner,
    formerSeenAt: row.former_seen_at,
  };
}
