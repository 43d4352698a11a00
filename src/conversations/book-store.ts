// SQL of what the address book of a number's phone app says of its customers.
import type { Queryable } from '../storage/db.ts';
import { called } from './called.ts';
import { contactIdOf } from './ids.ts';

export interface BookEntry {
  /** Digits. */
  phone: string;
  /** Null: it is in the book no more. */
  name: string | null;
  /** When it was written there, or crossed out. */
  at: number;
}

// Safe because: of an entry only what is not older than what is known is taken, so that repetitions and late ones change nothing; rows are
// taken in the order of their keys, as inbound takes them.
//
// A customer is found by the phone (index contacts_by_phone). One who went by it once and has another now is not meant: the row of that key
// stays as it is, which `distinct on` and the last condition are for.
const KEEP_BOOK = `
with input as (
  select * from unnest($3::text[], $4::text[], $5::text[], $6::float8[]) as input (phone, new_id, name, at)
), found as (
  select distinct on (id) coalesce(p.id, i.new_id) as id, coalesce(p.key, i.phone) as key, p.id is null as absent, p.called, i.phone, i.name, i.at
  from input i left join lateral (
    select c.id, c.key, ${called('c')} as called from contacts c
    where c.organisation_id || ' ' || c.phone_number_id || ' ' || c.phone = $1 || ' ' || $2 || ' ' || i.phone
    order by c.user_id is null, c.created_at limit 1) p on true
  order by id, absent
), written as (
  insert into contacts as c (organisation_id, id, phone_number_id, key, phone, book_name, book_at, created_at, updated_at)
  select $1, id, $2, key, phone, name, to_timestamp(at / 1000), to_timestamp($7::float8 / 1000), to_timestamp($7::float8 / 1000)
  from found where name is not null or not absent order by id
  on conflict (organisation_id, id) do update set
    book_name = excluded.book_name, book_at = excluded.book_at,
    updated_at = case when c.book_name is distinct from excluded.book_name then excluded.updated_at else c.updated_at end
  where c.phone = excluded.phone and (c.book_at is null or c.book_at < excluded.book_at
    or (c.book_at = excluded.book_at and c.book_name is distinct from excluded.book_name))
  returning id, xmax = 0 as is_new, ${called('c')} as called
)
select id, w.is_new as "isNew", w.called is distinct from f.called as "isRenamed" from written w join found f using (id)`;

/** Those that are new, or are called otherwise now; entries are of phones that differ. */
export async function upsertBook(
  tx: Queryable,
  { organisationId, phoneNumberId }: { organisationId: string; phoneNumberId: string },
  { entries, now }: { entries: readonly BookEntry[]; now: number },
): Promise<{ id: string; isNew: boolean; isRenamed: boolean }[]> {
  return tx.query(KEEP_BOOK, [
    organisationId,
    phoneNumberId,
    entries.map((one) => one.phone),
    entries.map((one) => contactIdOf(phoneNumberId, one.phone)),
    entries.map((one) => one.name),
    entries.map((one) => one.at),
    now,
  ]);
}
