// SQL of erasing a person. It reaches into the tables of many rooms, as the sweep does: what is to be gone must be gone everywhere.
import type { Queryable } from '../storage/db.ts';

export interface Message {
  organisationId: string;
  id: string;
}

/** Everything that a person is called at the numbers of an organisation: phones, user ids and keys, found from any of them. */
export async function namesOf(db: Queryable, organisationId: string, given: string): Promise<string[]> {
  const names = new Set([given]);
  // A customer may have become another contact with each new phone: as long as a name leads to a further one.
  for (let before = 0; before < names.size;) {
    before = names.size;
    const rows = await db.query<{ key: string; phone: string | null; user_id: string | null }>(
      `select key, phone, user_id from contacts
       where organisation_id = $1 and (id = any($2::text[]) or key = any($2) or phone = any($2) or user_id = any($2))`,
      [organisationId, [...names]],
    );
    const further = rows.flatMap(({ key, phone, user_id }) => [key, phone, user_id]);
    for (const name of further) if (name !== null) names.add(name);
  }
  return [...names];
}

/** Some messages from or to a person alone (index messages_of_conversation). */
export function someMessages(
  db: Queryable,
  organisationId: string,
  find: { names: readonly string[]; limit: number },
): Promise<Message[]> {
  return db.query(
    `select organisation_id as "organisationId", id from messages where conversation = any($2::text[]) and organisation_id = $1 limit $3`,
    [organisationId, find.names, find.limit],
  );
}

/** What a person wrote in groups, of the messages of one number that came after a moment: a page of them is looked through (index
 *  messages_of_number). */
export async function pageOfGroups(
  db: Queryable,
  organisationId: string,
  of: { names: readonly string[]; phoneNumberId: string; after: string },
): Promise<{ found: (Message & { wamid: string | null })[]; last: string | null }> {
  const [page] = await db.query<{ last: string | null; ids: string[] | null }>(
    `with page as (
       select created_at from messages where phone_number_id = $1 and organisation_id = $2 and created_at > $3::timestamptz
       order by created_at limit $5
     )
     select max(created_at)::text as last, array_agg(id) filter (where body ? 'group_id'
       and (body ->> 'from' = any($4::text[]) or body ->> 'from_user_id' = any($4))) as ids
     from messages where phone_number_id = $1 and organisation_id = $2 and created_at > $3::timestamptz
       and created_at <= (select max(created_at) from page)`,
    [of.phoneNumberId, organisationId, of.after, of.names, PAGE],
  );
  return { found: await withWamids(db, organisationId, page?.ids ?? []), last: page?.last ?? null };
}

const PAGE = 20_000;

export async function numbersOf(db: Queryable, organisationId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select phone_number_id as id from numbers where organisation_id = $1',
    [organisationId],
  );
  return rows.map((row) => row.id);
}

function withWamids(
  db: Queryable,
  organisationId: string,
  ids: readonly string[],
): Promise<(Message & { wamid: string | null })[]> {
  return db.query(
    `select organisation_id as "organisationId", id, wamid from message_states where organisation_id = $1 and id = any($2::text[])`,
    [organisationId, ids],
  );
}

/** What was told, or is being told, of a person's conversations and of these messages; how many deliveries. */
export async function deleteTold(
  tx: Queryable,
  organisationId: string,
  of: { conversations: readonly string[]; subjects: readonly string[] },
): Promise<number> {
  const told = `organisation_id = $1 and (conversation = any($2::text[]) or subject = any($3::text[]))`;
  const values = [organisationId, of.conversations, of.subjects];
  const deliveries = await tx.query(
    `delete from deliveries d using (select event_id, created_at from tellings where ${told}) t
     where d.organisation_id = $1 and d.event_id = t.event_id and d.told_at = t.created_at returning d.id`,
    values,
  );
  await tx.query(`delete from tellings where ${told}`, values);
  await tx.query('delete from delivery_lines where organisation_id = $1 and conversation = any($2::text[])', [
    organisationId,
    of.conversations,
  ]);
  return deliveries.length;
}

/** Changes that were set aside, or came too early, and name a person anywhere; how many. */
export async function deleteAside(
  tx: Queryable,
  organisationId: string,
  names: readonly string[],
): Promise<number> {
  const named = `exists (select from unnest($2::text[]) as name where strpos(change::text, '"' || name || '"') > 0)`;
  const aside = await tx.query(
    `delete from inbound_aside where (organisation_id = $1 or organisation_id is null) and ${named} returning id`,
    [organisationId, names],
  );
  const early = await tx.query(
    `delete from early_statuses where organisation_id = $1 and ${named} returning id`,
    [organisationId, names],
  );
  return aside.length + early.length;
}

/** The conversations and the contacts themselves; their labels go with them. */
export async function deletePerson(
  tx: Queryable,
  organisationId: string,
  names: readonly string[],
): Promise<{ conversations: number; contacts: number }> {
  const conversations = await tx.query(
    `delete from conversations where organisation_id = $1 and conversation = any($2::text[]) returning id`,
    [organisationId, names],
  );
  const contacts = await tx.query(
    `delete from contacts where organisation_id = $1 and (key = any($2::text[]) or phone = any($2) or user_id = any($2)) returning id`,
    [organisationId, names],
  );
  return { conversations: conversations.length, contacts: contacts.length };
}
