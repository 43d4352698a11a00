// The address book of a number's phone app: whom it names is a contact, and called so unless somebody set a name here. Whoever is crossed
// out stays a contact and loses that name only.
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Queryable } from '../storage/db.ts';
import { upsertBook, type BookEntry } from './book-store.ts';
import type { Met } from './tell-met.ts';

export type { BookEntry } from './book-store.ts';

/** What is news of it, for those who hear of it. */
export async function keepBook(
  tx: Queryable,
  { organisationId, phoneNumberId }: BusinessNumber,
  { entries, now }: { entries: readonly BookEntry[]; now: number },
): Promise<Met[]> {
  // Of several about one phone the latest; of one moment, the last.
  const latest = new Map<string, BookEntry>();
  for (const one of entries) if ((latest.get(one.phone)?.at ?? 0) <= one.at) latest.set(one.phone, one);
  const number = { organisationId, phoneNumberId };
  const written = await upsertBook(tx, number, { entries: [...latest.values()], now });
  return written.flatMap(({ id, isNew, isRenamed }): Met[] => {
    if (isNew) return [{ ...number, contact: { id, isNew, source: 'phone_app' } }];
    return isRenamed ? [{ ...number, contact: { id, isNew, changed: ['name'] } }] : [];
  });
}
