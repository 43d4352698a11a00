// Which of our outbound messages Meta's ids belong to, for statuses that carry no token of ours.
import type { Database } from '../storage/db.ts';
import { hasOpenAttempt as selectOpen, idsOfWamids as selectIds } from './progress-store.ts';

/** Message ids by wamid; nothing is asked when the list is empty. */
export async function idsOfWamids(
  db: Database,
  wamids: readonly { organisationId: string; phoneNumberId: string; wamid: string }[],
): Promise<Map<string, string>> {
  return wamids.length === 0 ? new Map() : selectIds(db, wamids);
}

/** Whether a number has a call under way, or one whose outcome is unknown: only then may a wamid become known later. */
export function hasOpenAttempt(db: Database, phoneNumberId: string): Promise<boolean> {
  return selectOpen(db, phoneNumberId);
}
