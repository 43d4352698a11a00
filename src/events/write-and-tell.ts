// A state change and its events, in one transaction; after the commit what was told may go out. Whoever writes through this cannot forget
// either half.
import type { Database, Transaction } from '../storage/db.ts';
import type { Event } from './event.ts';
import type { Teller } from './teller.ts';

export interface Telling {
  db: Database;
  teller: Teller;
  /** Its statements are hot ones. */
  hot?: boolean;
}

/** Resolves when both are committed; `write` says what is told of what it has written. */
export async function writeAndTell<Result>(
  { db, teller, hot = false }: Telling,
  write: (tx: Transaction) => Promise<{ result: Result; events: readonly Event[] }>,
): Promise<Result> {
  const act = async (tx: Transaction) => {
    const { result, events } = await write(tx);
    return { result, told: events.length === 0 ? undefined : await teller.record(tx, events) };
  };
  const { result, told } = await (hot ? db.hotTransaction(act) : db.transaction(act));
  told?.committed();
  return result;
}
