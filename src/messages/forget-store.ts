// SQL of forgetting messages.
import type { Queryable } from '../storage/db.ts';

export interface ForgottenMessage {
  organisationId: string;
  id: string;
}

/** The oldest messages of each number that are older than so many days and have nothing to come (index messages_of_number). Locked: what
 *  another node forgets is passed over. */
export function lockOldMessages(
  tx: Queryable,
  { days, ofEachNumber }: { days: number; ofEachNumber: number },
): Promise<ForgottenMessage[]> {
  return tx.query(
    `select s.organisation_id as "organisationId", s.id from numbers n cross join lateral (
       select organisation_id, id from messages where phone_number_id = n.phone_number_id
         and created_at < database_now() - make_interval(days => $1) order by created_at limit $2) m
     join message_states s on s.organisation_id = m.organisation_id and s.id = m.id
     where s.turn is null and s.ready_at is null order by s.organisation_id, s.id for update of s skip locked`,
    [days, ofEachNumber],
  );
}

/** Deletes messages with all that is kept of them alone (primary keys). */
export async function deleteMessages(tx: Queryable, messages: readonly ForgottenMessage[]): Promise<void> {
  const ids = [messages.map((m) => m.organisationId), messages.map((m) => m.id)];
  const these = 'using unnest($1::text[], $2::text[]) as t (organisation_id, id)';
  await tx.query(
    `delete from message_states s ${these} where s.organisation_id = t.organisation_id and s.id = t.id`,
    ids,
  );
  await tx.query(
    `delete from messages m ${these} where m.organisation_id = t.organisation_id and m.id = t.id`,
    ids,
  );
  await tx.query(
    `delete from attempts a ${these} where a.organisation_id = t.organisation_id and a.message_id = t.id`,
    ids,
  );
}
