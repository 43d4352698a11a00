// SQL of contacts.
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable, Row } from '../storage/db.ts';
import { called } from './called.ts';
import type { Contact, Labelled } from './conversation.ts';
import { contactIdOf } from './ids.ts';

const COLUMNS = `p.id, p.phone_number_id, p.key, p.phone, p.user_id, p.parent_user_id, p.username, p.profile_name,
  ${called('p')} as name, p.email, p.metadata, p.created_at, p.updated_at,
  array(select json_build_object('id', l.id, 'name', l.name, 'color', l.color) from contact_labels x
    join labels l on l.organisation_id = x.organisation_id and l.id = x.label_id
    where x.organisation_id = p.organisation_id and x.contact_id = p.id order by l.name) as labels`;

interface ContactRow extends Row {
  phone_number_id: string;
  key: string;
  phone: string | null;
  user_id: string | null;
  parent_user_id: string | null;
  username: string | null;
  profile_name: string | null;
  name: string | null;
  email: string | null;
  metadata: JsonObject | null;
  created_at: Date;
  updated_at: Date;
  labels: Labelled[];
}

export interface ContactFilter {
  organisationId: string;
  phoneNumberId: string | undefined;
  /** Digits. */
  phone: string | undefined;
  /** A part of a name, an e-mail address, a username or a phone number. */
  search: string | undefined;
  labelId: string | undefined;
  /** The last row of the page before. */
  after: { createdAt: string; id: string } | undefined;
  limit: number;
}

/** A page of contacts, the newest first: the newest of each number asked for (index contacts_of_number, or contacts_by_phone), and of these
 *  the newest. The cursor's instant is text: a Date has no microseconds. */
export async function selectContacts(
  db: Queryable,
  filter: ContactFilter,
): Promise<{ contact: Contact; createdAt: string }[]> {
  const rows = await db.query<ContactRow & { cursor_at: string }>(
    `select page.* from numbers n cross join lateral (
       select ${COLUMNS}, p.created_at::text as cursor_at from contacts p
       where p.organisation_id = $1 and ${
         filter.phone === undefined
           ? 'p.phone_number_id = n.phone_number_id and $3::text is null'
           : `p.organisation_id || ' ' || p.phone_number_id || ' ' || p.phone = $1 || ' ' || n.phone_number_id || ' ' || $3`
       }
       and ($4::text is null or p.name ilike $4 or p.book_name ilike $4 or p.profile_name ilike $4 or p.email ilike $4 or p.username ilike $4 or p.phone like $4)
       and ($5::text is null or exists (select from contact_labels x where x.organisation_id = p.organisation_id and x.contact_id = p.id and x.label_id = $5))
       and ($6::timestamptz is null or (p.created_at <= $6 and (p.created_at, p.id) < ($6, $7)))
       order by p.created_at desc, p.id desc limit $8) page
     where n.organisation_id = $1 and ($2::text is null or n.phone_number_id = $2)
     order by page.created_at desc, page.id desc limit $8`,
    [
      filter.organisationId,
      filter.phoneNumberId ?? null,
      filter.phone ?? null,
      filter.search === undefined ? null : `%${filter.search.replaceAll(/[\\%_]/g, '\\$&')}%`,
      filter.labelId ?? null,
      filter.after?.createdAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows.map((row) => ({ contact: toContact(row), createdAt: row.cursor_at }));
}

/** One contact (primary key); with a number, only if it is that number's. */
export async function selectContact(
  db: Queryable,
  organisationId: string,
  find: { id: string; phoneNumberId: string | undefined },
): Promise<Contact | undefined> {
  const rows = await db.query<ContactRow>(
    `select ${COLUMNS} from contacts p where p.organisation_id = $1 and p.id = $2 and ($3::text is null or p.phone_number_id = $3)`,
    [organisationId, find.id, find.phoneNumberId ?? null],
  );
  return rows.map(toContact)[0];
}

/** Contacts by their ids (primary key). */
export async function selectContactsOfIds(
  db: Queryable,
  ids: readonly { organisationId: string; id: string }[],
): Promise<Map<string, Contact>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<ContactRow>(
    `select ${COLUMNS} from unnest($1::text[], $2::text[]) as t (organisation_id, id)
     join contacts p on p.organisation_id = t.organisation_id and p.id = t.id`,
    [ids.map((one) => one.organisationId), ids.map((one) => one.id)],
    'contacts-of-ids',
  );
  return new Map(rows.map(toContact).map((one) => [one.id, one]));
}

/** Those of a number that go by a phone number now (index contacts_by_phone). */
export async function selectContactsByPhone(
  db: Queryable,
  organisationId: string,
  by: { phoneNumberId: string; phone: string },
): Promise<Contact[]> {
  const rows = await db.query<ContactRow>(
    `select ${COLUMNS} from contacts p where p.organisation_id || ' ' || p.phone_number_id || ' ' || p.phone = $1 || ' ' || $2 || ' ' || $3`,
    [organisationId, by.phoneNumberId, by.phone],
  );
  return rows.map(toContact);
}

/** What people set. */
export interface ContactFacts {
  name: string | null;
  email: string | null;
  metadata: JsonObject | null;
}

/** False where it is there already. */
export async function insertContact(
  tx: Queryable,
  organisationId: string,
  contact: ContactFacts & { id: string; phoneNumberId: string; phone: string; now: number },
): Promise<boolean> {
  const { id, phoneNumberId, phone, name, email, metadata, now } = contact;
  const rows = await tx.query(
    `insert into contacts (organisation_id, id, phone_number_id, key, phone, name, email, metadata, created_at, updated_at)
     values ($1, $2, $3, $4, $4, $5, $6, $7, to_timestamp($8::float8 / 1000), to_timestamp($8::float8 / 1000))
     on conflict do nothing returning id`,
    [organisationId, id, phoneNumberId, phone, name, email, toJson(metadata), now],
  );
  return rows.length > 0;
}

/** What people had set, and no name of WhatsApp's; the row stays as it is until the transaction ends (primary key). */
export async function lockFacts(
  tx: Queryable,
  organisationId: string,
  find: { id: string; phoneNumberId: string | undefined },
): Promise<ContactFacts | undefined> {
  const rows = await tx.query<ContactFacts>(
    `select name, email, metadata from contacts
     where organisation_id = $1 and id = $2 and ($3::text is null or phone_number_id = $3) for no key update`,
    [organisationId, find.id, find.phoneNumberId ?? null],
  );
  return rows[0];
}

export async function updateFacts(
  tx: Queryable,
  organisationId: string,
  contact: ContactFacts & { id: string; now: number },
): Promise<void> {
  const { id, name, email, metadata, now } = contact;
  await tx.query(
    `update contacts set name = $3, email = $4, metadata = $5, updated_at = to_timestamp($6::float8 / 1000)
     where organisation_id = $1 and id = $2`,
    [organisationId, id, name, email, toJson(metadata), now],
  );
}

/** Says whether it was there. */
export async function deleteContact(
  db: Queryable,
  organisationId: string,
  find: { id: string; phoneNumberId: string | undefined },
): Promise<boolean> {
  const rows = await db.query(
    `delete from contacts where organisation_id = $1 and id = $2 and ($3::text is null or phone_number_id = $3) returning id`,
    [organisationId, find.id, find.phoneNumberId ?? null],
  );
  return rows.length > 0;
}

function toJson(metadata: JsonObject | null): string | null {
  return metadata === null ? null : JSON.stringify(metadata);
}

function toContact(row: ContactRow): Contact {
  return {
    id: contactIdOf(row.phone_number_id, row.key),
    phoneNumberId: row.phone_number_id,
    key: row.key,
    name: row.name,
    phone: row.phone,
    userId: row.user_id,
    username: row.username,
    parentUserId: row.parent_user_id,
    profileName: row.profile_name,
    email: row.email,
    metadata: row.metadata,
    labels: row.labels,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
