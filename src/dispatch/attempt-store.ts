// SQL of what became of attempts: those that ended without a wamid, and those that must be looked at. All of it works on the live state of
// messages, by lane.
import type { Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface EndedRow {
  organisationId: OrganisationId;
  id: string;
  attempt: number;
  startedAt: number;
  endedAt: number;
  outcome: string;
  providerCode: number | null;
  detail: string | null;
  /** What becomes of the message: queued again until a moment, failed for good, or unknown from a moment. */
  next: 'queued' | 'failed' | 'unknown';
  readyAt: number | null;
  failure: Failure | null;
  /** A no of Meta's that does not prove that nothing was sent: what is told if it ends and nobody knows. */
  unsure: Failure | null;
  mayHaveLeft: boolean;
  refused: boolean;
  /** The call has ended: under `fail` an unknown outcome lets its followers go. */
  callEnded: boolean;
}

export interface Ended {
  id: string;
  state: string;
  failure: Failure | null;
  mayHaveLeft: boolean;
  wamid: string | null;
}

// Only the attempt that is open: what an echo has settled meanwhile stays. What was once unknown and let its followers go, as under
// `fail`, is never queued again: a later no makes it failed with its code (a message that is queued again could overtake one that has
// gone). What failed although it may have left ranks as delivery_unknown does: an echo overrides it. What would be told if it ended and
// nobody knew waits in `failure`: Meta's last no, unless an answer was lost since. The story of an attempt is told by whoever knows
// more: a word of Meta's replaces "unknown".
const END = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::smallint[], $4::float8[], $5::float8[], $6::text[], $7::int[], $8::text[], $9::text[],
    $10::float8[], $11::jsonb[], $12::jsonb[], $13::boolean[], $14::boolean[], $15::boolean[])
  as input (organisation_id, id, attempt, started_at, ended_at, outcome, provider_code, detail, next, ready_at, failure, unsure,
    may_have_left, refused, call_ended)
), judged as (
  select input.*, case when input.next = 'queued' and s.state = 'unknown' and (n.on_unknown = 'fail' or s.turn is null) then 'failed'
      else input.next end as becomes,
    input.call_ended and n.on_unknown = 'fail' as lets_followers_go
  from input join message_states s on s.organisation_id = input.organisation_id and s.id = input.id and s.attempt = input.attempt
    and s.state in ('intended', 'unknown')
  join numbers n on n.phone_number_id = s.phone_number_id
  order by s.organisation_id, s.id for update of s
), ended as (
  update message_states s set
    state = j.becomes,
    rank = case when j.becomes <> 'failed' then s.rank when s.may_have_left or j.may_have_left then 15 else 30 end,
    failure = case when j.becomes <> 'failed' then coalesce(j.unsure, case when j.next <> 'unknown' then s.failure end)
      when j.failure ->> 'code' = 'delivery_unknown' then coalesce(s.failure, j.failure) else j.failure end,
    failed_at = case when j.becomes = 'failed' then to_timestamp(j.ended_at / 1000) end,
    turn = case when j.becomes = 'failed' or (j.becomes = 'unknown' and j.lets_followers_go) then null else s.turn end,
    line = case when j.becomes = 'queued' then s.priority else 9 end,
    ready_at = case when j.becomes <> 'failed' then to_timestamp(j.ready_at / 1000) end,
    unknown_since = case when j.becomes = 'unknown' then to_timestamp(j.ended_at / 1000) else s.unknown_since end,
    may_have_left = s.may_have_left or j.may_have_left,
    refusals = s.refusals + j.refused::int
  from judged j
  where s.organisation_id = j.organisation_id and s.id = j.id
  returning s.organisation_id, s.id, s.state, s.failure, s.may_have_left, s.wamid
), kept as (
  insert into attempts (organisation_id, message_id, attempt, started_at, ended_at, outcome, provider_code, detail)
  select distinct on (organisation_id, id, attempt, started_at)
    organisation_id, id, attempt, to_timestamp(started_at / 1000), to_timestamp(ended_at / 1000), outcome, provider_code, detail
  from input order by organisation_id, id, attempt, started_at, outcome = 'unknown'
  on conflict (organisation_id, message_id, attempt, started_at) do update
    set ended_at = excluded.ended_at, outcome = excluded.outcome, provider_code = excluded.provider_code, detail = excluded.detail
    where attempts.outcome = 'unknown' and excluded.outcome <> 'unknown'
)
select id, state, failure, may_have_left, wamid from ended`;

/** Records attempts that ended without a wamid; null where the attempt was settled before. */
export async function endRows(db: Queryable, rows: readonly EndedRow[]): Promise<(Ended | null)[]> {
  const o = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const ended = await db.query<{
    id: string;
    state: string;
    failure: Failure | null;
    may_have_left: boolean;
    wamid: string | null;
  }>(
    END,
    [
      o.map((r) => r.organisationId),
      o.map((r) => r.id),
      o.map((r) => r.attempt),
      o.map((r) => r.startedAt),
      o.map((r) => r.endedAt),
      o.map((r) => r.outcome),
      o.map((r) => r.providerCode),
      o.map((r) => r.detail),
      o.map((r) => r.next),
      o.map((r) => r.readyAt),
      o.map((r) => (r.failure === null ? null : JSON.stringify(r.failure))),
      o.map((r) => (r.unsure === null ? null : JSON.stringify(r.unsure))),
      o.map((r) => r.mayHaveLeft),
      o.map((r) => r.refused),
      o.map((r) => r.callEnded),
    ],
    'end',
  );
  const byId = new Map(ended.map((row) => [row.id, row]));
  return rows.map((row) => {
    const found = byId.get(row.id);
    return found
      ? {
          id: found.id,
          state: found.state,
          failure: found.failure,
          mayHaveLeft: found.may_have_left,
          wamid: found.wamid,
        }
      : null;
  });
}

export interface Watched {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string;
  conversation: string;
  state: 'intended' | 'unknown';
  type: string;
  attempt: number;
  epoch: number;
  attemptAt: number;
  /** The moment the answer can no longer come; null while the attempt is open. */
  unknownSince: number | null;
  holdsTurn: boolean;
}

interface WatchedRow {
  organisation_id: OrganisationId;
  id: string;
  phone_number_id: string;
  conversation: string;
  state: 'intended' | 'unknown';
  type: string;
  attempt: number;
  epoch: number;
  attempt_at: Date;
  unknown_since: Date | null;
  holds_turn: boolean;
}

const WATCHED = `s.organisation_id, s.id, s.phone_number_id, s.conversation, s.state, m.type, s.attempt, s.epoch, s.attempt_at,
  s.unknown_since, s.turn is not null as holds_turn`;

/** Attempts of these lanes that must be looked at: open ones of a lower epoch whenever they become visible, and all whose moment has
 *  come (index message_states_ready). */
export async function readWatched(
  db: Queryable,
  lanes: readonly { phoneNumberId: string; epoch: number }[],
  now: number,
): Promise<Watched[]> {
  const rows = await db.query<WatchedRow>(
    `select ${WATCHED} from unnest($1::text[], $2::bigint[]) as lane (phone_number_id, epoch) cross join lateral (
       select * from message_states s where s.phone_number_id = lane.phone_number_id and s.line = 9 and s.ready_at is not null
         and s.state in ('intended', 'unknown')
         and (s.ready_at <= to_timestamp($3 / 1000.0) or (s.state = 'intended' and s.epoch < lane.epoch))
       order by s.ready_at limit 1000) s
     join messages m on m.organisation_id = s.organisation_id and m.id = s.id
     order by s.ready_at limit 1000`,
    [lanes.map((l) => l.phoneNumberId), lanes.map((l) => l.epoch), now],
    'read-watched',
  );
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    id: row.id,
    phoneNumberId: row.phone_number_id,
    conversation: row.conversation,
    state: row.state,
    type: row.type,
    attempt: row.attempt,
    epoch: row.epoch,
    attemptAt: row.attempt_at.getTime(),
    unknownSince: row.unknown_since?.getTime() ?? null,
    holdsTurn: row.holds_turn,
  }));
}

/** Moves an unknown outcome to its next look; `freeTurn` lets its followers go. */
export async function lookAgain(
  db: Queryable,
  row: { organisationId: string; id: string; attempt: number; until: number; freeTurn: boolean },
): Promise<void> {
  await db.query(
    `update message_states set ready_at = to_timestamp($4 / 1000.0), turn = case when $5 then null else turn end
     where organisation_id = $1 and id = $2 and attempt = $3 and state = 'unknown'`,
    [row.organisationId, row.id, row.attempt, row.until, row.freeTurn],
  );
}

/** After the lane was taken anew: intents since the former epoch that were not called are queued again. */
export async function requeueUncalled(
  db: Queryable,
  lane: {
    phoneNumberId: string;
    formerEpoch: number;
    epoch: number;
    calling: readonly string[];
    now: number;
  },
): Promise<number> {
  const rows = await db.query(
    `update message_states set state = 'queued', line = priority, ready_at = to_timestamp($4 / 1000.0)
     where phone_number_id = $1 and line = 9 and ready_at is not null and state = 'intended' and epoch >= $2 and epoch < $5
       and not id = any($3)
     returning id`,
    [lane.phoneNumberId, lane.formerEpoch, lane.calling, lane.now, lane.epoch],
  );
  return rows.length;
}

/** What the decision about unknown outcomes rests on: when we were deaf, and what was heard of each number. */
export async function readEvidence(
  db: Queryable,
  phoneNumberIds: readonly string[],
  since: number,
): Promise<{
  gaps: { startedAt: number; endedAt: number }[];
  heard: Map<string, { attemptAt: number; heardAt: number }>;
}> {
  const gaps = await db.query<{ started_at: Date; ended_at: Date }>(
    'select started_at, ended_at from door_gaps where ended_at >= to_timestamp($1 / 1000.0)',
    [since],
  );
  const heard = await db.query<{ phone_number_id: string; heard_attempt_at: Date; heard_at: Date }>(
    'select phone_number_id, heard_attempt_at, heard_at from lanes where phone_number_id = any($1) and heard_attempt_at is not null',
    [phoneNumberIds],
  );
  return {
    gaps: gaps.map((gap) => ({ startedAt: gap.started_at.getTime(), endedAt: gap.ended_at.getTime() })),
    heard: new Map(
      heard.map((h) => [
        h.phone_number_id,
        { attemptAt: h.heard_attempt_at.getTime(), heardAt: h.heard_at.getTime() },
      ]),
    ),
  };
}
