// SQL of the queue: what is ready, the intent, and what stands behind whom. All of it works on the live state of messages, by lane.
import type { JsonObject } from '../kernel/json.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface Ready {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string;
  conversation: string;
  line: number;
  /** The moment it waits for; 0: none, it stands in its line since it was accepted (also where the clock was set back since). */
  readyAt: number;
  /** A caller is owed a wamid for it. */
  owed: boolean;
}

interface ReadyRow {
  organisation_id: OrganisationId;
  id: string;
  phone_number_id: string;
  conversation: string;
  line: number;
  ready_at: number;
  owed: boolean;
}

const READY = `s.organisation_id, s.id, s.phone_number_id, s.conversation, s.line, s.owed_until is not null as owed,
  case when s.ready_at <= s.accepted_at then 0 else extract(epoch from s.ready_at) * 1000 end::float8 as ready_at`;

/** The first of some lines of a lane, those that are ready and those that will be, in this order (index message_states_ready). */
export async function readReady(
  db: Queryable,
  lane: { phoneNumberId: string; lines: readonly number[]; limit: number },
): Promise<Ready[]> {
  const rows = await db.query<ReadyRow>(
    `select ${READY} from unnest($2::smallint[]) as lines (line) cross join lateral (
       select * from message_states s where s.phone_number_id = $1 and s.line = lines.line and s.ready_at is not null
       order by s.ready_at limit $3) s order by s.line, s.ready_at`,
    [lane.phoneNumberId, lane.lines, lane.limit],
    'read-ready',
  );
  return rows.map(toReady);
}

/** Lines of these lanes in which something is ready (index message_states_ready, one probe each). */
export async function linesWithReady(
  db: Queryable,
  phoneNumberIds: readonly string[],
  now: number,
): Promise<{ phoneNumberId: string; line: number }[]> {
  const rows = await db.query<{ phone_number_id: string; line: number }>(
    `select lane.phone_number_id, lines.line from unnest($1::text[]) as lane (phone_number_id), generate_series(0, 3) as lines (line)
     where (select true from message_states s where s.phone_number_id = lane.phone_number_id
       and s.line = lines.line and s.ready_at <= to_timestamp($2 / 1000.0) limit 1)`,
    [phoneNumberIds, now],
    'lines-with-ready',
  );
  return rows.map((row) => ({ phoneNumberId: row.phone_number_id, line: row.line }));
}

export interface IntentRow {
  organisationId: string;
  id: string;
  epoch: number;
  at: number;
}

export interface Intended {
  id: string;
  attempt: number;
  mayHaveLeft: boolean;
  refusals: number;
  type: string;
  body: JsonObject;
}

// Safe because: only under the lane's present epoch; only the oldest unsettled message of its recipient, and only while none of that
// recipient has an open or unknown attempt (index message_states_turns); and never after a wait that owed a wamid has ended.
const INTEND = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::float8[]) as input (organisation_id, id, epoch, at)
), intended as (
  update message_states s set state = 'intended', attempt = s.attempt + 1, epoch = input.epoch, attempt_at = to_timestamp(input.at / 1000),
    line = 9, ready_at = to_timestamp(input.at / 1000) + interval '60 seconds'
  from input
  where s.organisation_id = input.organisation_id and s.id = input.id and s.state = 'queued'
    and (select true from lanes l where l.phone_number_id = s.phone_number_id and l.owner = $5 and l.epoch = input.epoch) is not null
    and s.expires_at > to_timestamp(input.at / 1000) and (s.owed_until is null or s.owed_until > database_now())
    and (select true from message_states b where b.organisation_id = s.organisation_id and b.phone_number_id = s.phone_number_id
         and b.conversation = s.conversation and b.turn is not null and b.id <> s.id and (b.turn < s.turn or b.state <> 'queued') limit 1) is null
  returning s.organisation_id, s.id, s.attempt, s.may_have_left, s.refusals
)
select i.id, i.attempt, i.may_have_left, i.refusals, m.type, m.body from intended i join messages m using (organisation_id, id)`;

/** Opens attempts; what is not returned was not opened. */
export async function intendRows(
  db: Queryable,
  nodeId: string,
  rows: readonly IntentRow[],
): Promise<(Intended | null)[]> {
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const opened = await db.query<{
    id: string;
    attempt: number;
    may_have_left: boolean;
    refusals: number;
    type: string;
    body: JsonObject;
  }>(
    INTEND,
    [
      ordered.map((r) => r.organisationId),
      ordered.map((r) => r.id),
      ordered.map((r) => r.epoch),
      ordered.map((r) => r.at),
      nodeId,
    ],
    'intend',
  );
  const byId = new Map(opened.map((row) => [row.id, row]));
  return rows.map((row) => {
    const found = byId.get(row.id);
    if (!found) return null;
    return {
      id: found.id,
      attempt: found.attempt,
      mayHaveLeft: found.may_have_left,
      refusals: found.refusals,
      type: found.type,
      body: found.body,
    };
  });
}

// Only the head of a conversation is told a moment (its pace): all others wait for the one before them, or a hundred thousand to one
// recipient would come back together again and again (index message_states_turns).
const POSTPONE = `
update message_states s set ready_at = case when t.until is not null and (
    select true from message_states b where b.organisation_id = s.organisation_id and b.phone_number_id = s.phone_number_id
      and b.conversation = s.conversation and b.turn < s.turn limit 1) is null then to_timestamp(t.until / 1000) end
from unnest($1::text[], $2::text[], $3::float8[]) as t (organisation_id, id, until)
where s.organisation_id = t.organisation_id and s.id = t.id and s.state = 'queued' and num_nonnulls(s.ready_at) = 1
  and (select true from lanes l where l.phone_number_id = $4 and l.owner = $5 and l.epoch = $6) is not null`;

/** Takes messages out of what is ready: they wait behind another one of their conversation (`until` null), or for a moment. Only while
 *  the lane is ours: a new owner would not know whom to bring back. By primary key: `is not null` for `num_nonnulls` would invite the
 *  planner to read all that is ready. */
export async function postpone(
  db: Queryable,
  lane: { phoneNumberId: string; owner: string; epoch: number },
  rows: readonly { organisationId: string; id: string; until: number | null }[],
): Promise<void> {
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await db.query(
    POSTPONE,
    [
      ordered.map((r) => r.organisationId),
      ordered.map((r) => r.id),
      ordered.map((r) => r.until),
      lane.phoneNumberId,
      lane.owner,
      lane.epoch,
    ],
    'postpone',
  );
}

/** Makes the oldest waiting message of each conversation ready, where nothing stands before it: in the place of its line that it was
 *  accepted for. Returns the conversations that still have one, and the messages that are ready now. */
export async function promote(
  db: Queryable,
  lane: { organisationId: string; phoneNumberId: string; conversations: readonly string[]; now: number },
): Promise<{ open: Set<string>; ready: Ready[] }> {
  const rows = await db.query<({ open: null } & ReadyRow) | { open: string }>(
    `with heads as (
       select head.* from unnest($3::text[]) as c (conversation) cross join lateral (
         select s.organisation_id, s.id, s.conversation, s.state, s.ready_at from message_states s
         where s.organisation_id = $1 and s.phone_number_id = $2 and s.conversation = c.conversation and s.turn is not null
         order by s.turn limit 1) head
     ), promoted as (
       update message_states s set ready_at = least(s.accepted_at, to_timestamp($4 / 1000.0)) from heads h
       where s.organisation_id = h.organisation_id and s.id = h.id and s.state = 'queued' and s.ready_at is null
       returning ${READY}
     )
     select null as open, p.* from promoted p
     union all select conversation, null, null, null, null, null, null, null from heads`,
    [lane.organisationId, lane.phoneNumberId, lane.conversations, lane.now],
    'promote',
  );
  return {
    open: new Set(rows.flatMap((row) => row.open ?? [])),
    ready: rows.flatMap((row) => (row.open === null ? [toReady(row)] : [])),
  };
}

/** How many before it are looked at: of a line that is longer, the rest is hurried no more, which its recipient's pace makes slow anyway. */
const HURRIED_MAX = 32;

// Those before a message of the same conversation that stand in a slower line than it does (index message_states_turns), locked in the
// order of ids, as all other statements do.
const HURRY = `
with behind as (
  select s.organisation_id, s.phone_number_id, s.conversation, s.turn, s.line from unnest($1::text[], $2::text[]) as t (organisation_id, id)
  join message_states s on s.organisation_id = t.organisation_id and s.id = t.id where s.state = 'queued'
), slower as (
  select before.organisation_id, before.id, min(behind.line) as line from behind cross join lateral (
    select s.organisation_id, s.id, s.line, s.state from message_states s where s.organisation_id = behind.organisation_id
      and s.phone_number_id = behind.phone_number_id and s.conversation = behind.conversation and s.turn < behind.turn
    order by s.turn limit ${HURRIED_MAX}) before
  where before.state = 'queued' and before.line > behind.line group by before.organisation_id, before.id
), locked as (
  select s.organisation_id, s.id, slower.line from slower join message_states s on s.organisation_id = slower.organisation_id and s.id = slower.id
  order by s.organisation_id, s.id for update of s
)
update message_states s set line = l.line, priority = least(s.priority, l.line) from locked l
where s.organisation_id = l.organisation_id and s.id = l.id and s.state = 'queued' and s.line > l.line
returning ${READY}`;

/** Moves what stands before these messages, to the same recipient, up into their line: order holds, and nobody in a hurry waits for a
 *  campaign. Returns what was moved and is ready. */
export async function hurry(
  db: Queryable,
  rows: readonly { organisationId: string; id: string }[],
): Promise<Ready[]> {
  const moved = await db.query<Omit<ReadyRow, 'ready_at'> & { ready_at: number | null }>(HURRY, [
    rows.map((r) => r.organisationId),
    rows.map((r) => r.id),
  ]);
  return moved.flatMap((row) => (row.ready_at === null ? [] : [toReady({ ...row, ready_at: row.ready_at })]));
}

// A walk over index message_states_turns from conversation to conversation, two probes each: it costs what there are of recipients,
// not of messages.
const TAKE_UP = `
with recursive walk as (
  (select s.id, s.conversation, s.turn, s.state, s.ready_at, 1 as place from message_states s
   where s.organisation_id = $1 and s.phone_number_id = $2 and s.turn is not null and s.conversation > $4
   order by s.conversation, s.turn limit 1)
  union all
  select head.*, walk.place + 1 from walk cross join lateral (
    select s.id, s.conversation, s.turn, s.state, s.ready_at from message_states s
    where s.organisation_id = $1 and s.phone_number_id = $2 and s.turn is not null and s.conversation > walk.conversation
    order by s.conversation, s.turn limit 1) head
  where walk.place < $5
), promoted as (
  update message_states s set ready_at = least(s.accepted_at, to_timestamp($3 / 1000.0)) from walk
  where s.organisation_id = $1 and s.id = walk.id and s.state = 'queued' and s.ready_at is null
)
select conversation, followed, place = $5 as is_last from (
  select walk.*, (select true from message_states s where s.organisation_id = $1 and s.phone_number_id = $2
    and s.conversation = walk.conversation and s.turn > walk.turn limit 1) is not null as followed from walk) seen
where followed or place = $5`;

/** What a new owner does with so many conversations after the one named: heads that stand ready for nobody are made ready. Returns those
 *  in which others stand behind, and the last one if there may be more. */
export async function takeUp(
  db: Queryable,
  lane: { organisationId: string; phoneNumberId: string; now: number; after: string; limit: number },
): Promise<{ followed: string[]; last: string | undefined }> {
  const rows = await db.query<{ conversation: string; followed: boolean; is_last: boolean }>(TAKE_UP, [
    lane.organisationId,
    lane.phoneNumberId,
    lane.now,
    lane.after,
    lane.limit,
  ]);
  return {
    followed: rows.filter((row) => row.followed).map((row) => row.conversation),
    last: rows.find((row) => row.is_last)?.conversation,
  };
}

function toReady(row: ReadyRow): Ready {
  return {
    organisationId: row.organisation_id,
    id: row.id,
    phoneNumberId: row.phone_number_id,
    conversation: row.conversation,
    line: row.line,
    readyAt: row.ready_at,
    owed: row.owed,
  };
}
