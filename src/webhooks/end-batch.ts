// A batch whose tries are all used up: what it held is told once more, each by itself, since perhaps only one of them was at fault. Its
// death, what follows it and the end of its turn are one transaction, and only who writes the death lets them follow.
import { newId } from '../kernel/ids.ts';
import type { Database, Queryable } from '../storage/db.ts';
import type { Job } from './delivery.ts';
import { insertReplays } from './delivery-log-store.ts';
import { settleRows, type SettledRow } from './delivery-store.ts';
import { joinLines, settleLines } from './line-store.ts';
import type { KnownSubscription } from './subscription-directory.ts';

export interface DeadBatch {
  rows: readonly SettledRow[];
  line: NonNullable<Job['line']>;
}

export async function endBatch(
  db: Database,
  subscription: KnownSubscription,
  { batch, now }: { batch: DeadBatch; now: number },
): Promise<void> {
  const { organisationId, id: subscriptionId } = subscription;
  await db.transaction(async (tx) => {
    const died = await settleRows(tx, batch.rows);
    await settleLines(tx, [{ organisationId, subscriptionId, ...batch.line, dueAt: null }], now);
    const rows = batch.rows.filter((row) => died.has(row.id));
    const [first] = rows;
    if (!first) return;
    const turns = subscription.ordered ? await turnsOf(tx, subscription, { rows, line: first.id, now }) : [];
    const replays = rows.map(({ id, createdAt }, i) => {
      return { id, createdAt, newId: newId('wbd', now), single: first.id, turn: turns[i] ?? null };
    });
    await insertReplays(tx, organisationId, { replays, now });
  });
}

// One after the other, in a line of their own: what came after the batch does not wait for them.
function turnsOf(
  tx: Queryable,
  { organisationId, id: subscriptionId }: KnownSubscription,
  { rows, line, now }: { rows: readonly SettledRow[]; line: string; now: number },
): Promise<number[]> {
  const joining = { organisationId, subscriptionId, conversation: line, waitMs: 0, fullAt: 1 };
  return joinLines(
    tx,
    rows.map(() => joining),
    now,
  );
}
