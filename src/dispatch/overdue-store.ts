// SQL of what is given up: queued past its expiry, or past the wait of a caller who was owed a wamid.
import type { Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface GivenUp {
  organisationId: OrganisationId;
  id: string;
  phoneNumberId: string;
  conversation: string;
  failure: Failure;
}

// Over index message_states_overdue, whose entries are the queued messages alone, by the moment they end: a look costs what is overdue,
// not what is queued. Two clocks decide, the node's (expiry) and the database's (what is owed): the index is asked for the later of
// them. Who was owed a wamid gets the key back; what may have left is not called expired: nobody knows.
const GIVE_UP = `
with given as (
  update message_states s set state = 'failed', turn = null, ready_at = null, failed_at = to_timestamp($3 / 1000.0),
    rank = case when s.may_have_left then 15 else 30 end,
    failure = case when s.may_have_left then coalesce(s.failure, $6::jsonb) when s.owed_until <= database_now() then $5::jsonb else $4::jsonb end
  from unnest($1::text[], $2::text[]) as lane (organisation_id, phone_number_id) cross join lateral (
    select o.id from message_states o where o.phone_number_id = lane.phone_number_id and o.turn is not null and o.line < 9
      and least(o.expires_at, o.owed_until) <= greatest(to_timestamp($3 / 1000.0), database_now())
    order by least(o.expires_at, o.owed_until) limit $7) overdue
  where s.organisation_id = lane.organisation_id and s.id = overdue.id and s.state = 'queued'
    and (s.expires_at <= to_timestamp($3 / 1000.0) or s.owed_until <= database_now())
  returning s.organisation_id, s.id, s.phone_number_id, s.conversation, s.failure,
    not s.may_have_left and s.owed_until <= database_now() as owed
), freed as (
  delete from idempotency_keys k using given g join messages m using (organisation_id, id)
  where g.owed and k.organisation_id = m.organisation_id and k.key = m.idempotency_key and k.message_id = m.id
)
select organisation_id, id, phone_number_id, conversation, failure from given`;

/** Gives up what is overdue in these lanes, the longest overdue first and no more than `limit` of each. */
export async function giveUp(
  db: Queryable,
  queue: {
    lanes: readonly { organisationId: OrganisationId; phoneNumberId: string }[];
    now: number;
    limit: number;
  },
  failures: { expired: Failure; withdrawn: Failure; unknown: Failure },
): Promise<GivenUp[]> {
  const rows = await db.query<{
    organisation_id: OrganisationId;
    id: string;
    phone_number_id: string;
    conversation: string;
    failure: Failure;
  }>(GIVE_UP, [
    queue.lanes.map((lane) => lane.organisationId),
    queue.lanes.map((lane) => lane.phoneNumberId),
    queue.now,
    failures.expired,
    failures.withdrawn,
    failures.unknown,
    queue.limit,
  ]);
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    id: row.id,
    phoneNumberId: row.phone_number_id,
    conversation: row.conversation,
    failure: row.failure,
  }));
}
