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
): Promise<{ ids: string[]; last: string | null }> {
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
  return { ids: page?.ids ?? [], last: page?.last ?? null };
}

const PAGE = 20_000;

export async function numbersOf(db: Queryable, organisationId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select phone_number_id as id from numbers where organisation_id = $1',
    [organisationId],
  );
  return rows.map((row) => row.id);
}

/** What names a person in the words of others: names that are nothing but one, as whole words, a phone also in groups of digits as people
 *  write it; null: there is none. */
export function patternOf(names: readonly string[]): string | null {
  const telling = names.filter((name) => /^\d{7,}$|^[A-Z]{2}\.[A-Za-z0-9.]{6,}$/.test(name));
  return telling.length === 0 ? null : `\\m(${telling.map(spellingOf).join('|')})\\M`;
}

function spellingOf(name: string): string {
  return /^\d/.test(name) ? [...name].join('[ ().-]{0,2}') : name.replaceAll('.', String.raw`\.`);
}

/** The days of what is told, each in a partition of its own; the first and the last take in what lies beyond. */
export function daysTold(db: Queryable): Promise<{ from: string; to: string }[]> {
  return db.query(
    `select case when day = first then '-infinity' else day::date::text end as from,
       case when day = last then 'infinity' else (day::date + 1)::text end as to
     from (select database_now()::date - 32 as first, database_now()::date + 1 as last) s,
       generate_series(first, last, interval '1 day') as day`,
  );
}

/** What was told, or is being told, within a day: of a person's conversations, of these messages, and what Meta told that names the person
 *  anywhere; how many deliveries. The organisation's tellings of the day are looked through (primary key). */
export async function deleteTold(
  tx: Queryable,
  organisationId: string,
  of: {
    conversations: readonly string[];
    messages: readonly string[];
    pattern: string | null;
    from: string;
    to: string;
  },
): Promise<number> {
  const told = await tx.query<{ id: string }>(
    `delete from tellings where organisation_id = $1 and created_at >= $5::timestamptz and created_at < $6::timestamptz
       and (conversation = any($2::text[]) or message_id = any($3::text[])
         or ((type like 'meta.%' or type = 'message.status') and body ~ $4::text))
     returning event_id as id`,
    [organisationId, of.conversations, of.messages, of.pattern, of.from, of.to],
  );
  if (told.length === 0) return 0;
  // Written with its telling, but for a replay, which may be younger (index deliveries_replays).
  const [deleted] = await tx.query<{ count: number }>(
    `with first as (
       delete from deliveries where organisation_id = $1 and created_at >= $3::timestamptz and created_at < $4::timestamptz
         and event_id = any($2::text[]) returning 1
     ), again as (
       delete from deliveries where organisation_id = $1 and replayed_from is not null and created_at >= $4::timestamptz
         and event_id = any($2::text[]) returning 1
     )
     select (select count(*) from first)::int + (select count(*) from again)::int as count`,
    [organisationId, told.map(({ id }) => id), of.from, of.to],
  );
  return deleted?.count ?? 0;
}

export async function deleteLines(
  tx: Queryable,
  organisationId: string,
  conversations: readonly string[],
): Promise<void> {
  await tx.query('delete from delivery_lines where organisation_id = $1 and conversation = any($2::text[])', [
    organisationId,
    conversations,
  ]);
}

/** Changes that were set aside, or came too early, and name a person anywhere; how many. */
export async function deleteAside(tx: Queryable, organisationId: string, pattern: string): Promise<number> {
  const aside = await tx.query(
    `delete from inbound_aside where (organisation_id = $1 or organisation_id is null) and change::text ~ $2 returning id`,
    [organisationId, pattern],
  );
  const early = await tx.query(
    `delete from early_statuses where organisation_id = $1 and change::text ~ $2 returning id`,
    [organisationId, pattern],
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
