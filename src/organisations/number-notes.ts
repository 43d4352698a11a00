// What Meta says by webhook of a number, or of the account it is in: kept as it was last said, and shown. What Kurir sends through the
// number is not decided by it: Meta's answers do that.
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable } from '../storage/db.ts';
import { keepNote, type NumberListing } from './number-store.ts';

/** What a webhook says, in Meta's words. */
export interface Said {
  field: string;
  value: JsonObject;
  /** When, in ms since the epoch. */
  at: number;
}

const OF_FIELD: Record<string, string> = {
  phone_number_name_update: 'name',
  phone_number_quality_update: 'quality',
  business_username_update: 'username',
  account_review_update: 'review',
};
/** Of `account_update`: what limits sending, or ends a limit. Its other events say nothing of a number. */
const OF_EVENT: Record<string, string> = {
  ACCOUNT_VIOLATION: 'violation',
  ACCOUNT_RESTRICTION: 'restriction',
  DISABLED_UPDATE: 'ban',
  ACCOUNT_DELETED: 'connection',
  ACCOUNT_OFFBOARDED: 'connection',
  ACCOUNT_RECONNECTED: 'connection',
};
/** Far more than Meta says; every node holds it in memory. */
const CHARACTERS_MAX = 4_000;

/** What it is kept as; undefined for what is no note on a number. */
export function noteOf({ field, value }: Pick<Said, 'field' | 'value'>): string | undefined {
  const event = value['event'];
  if (JSON.stringify(value).length > CHARACTERS_MAX) return undefined;
  if (field === 'account_update') return typeof event === 'string' ? memberOf(OF_EVENT, event) : undefined;
  return memberOf(OF_FIELD, field);
}

/** Keeps a note on each of these numbers, unless a later one is there; a name that Meta approved is the number's from then on. */
export async function noteOnNumbers(
  tx: Queryable,
  numbers: readonly Pick<NumberListing, 'organisationId' | 'phoneNumberId'>[],
  said: Said & { name: string },
): Promise<void> {
  const { name, value, at } = said;
  const approved =
    name === 'name' && value['decision'] === 'APPROVED' ? value['requested_verified_name'] : null;
  await keepNote(tx, numbers, {
    name,
    note: { ...value, at: new Date(at).toISOString() },
    verifiedName: typeof approved === 'string' ? approved.slice(0, 200) : null,
  });
}

function memberOf(record: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
