// Retention: messages that are older than the operator wants to keep, with their media. What still waits for something stays until it is settled.
import type { Context } from '../context.ts';
import { forgetMediaOf } from '../media/forgetter.ts';
import type { Queryable } from '../storage/db.ts';
import { deleteMessages, lockOldMessages } from './forget-store.ts';

const OF_EACH_NUMBER = 500;

export async function forgetOldMessages(ctx: Context): Promise<void> {
  const days = ctx.config.keepMessagesDays;
  if (days === 0) return;
  for (let forgotten = 1; forgotten > 0;)
    forgotten = await ctx.db.transaction(async (tx) => {
      const old = await lockOldMessages(tx, { days, ofEachNumber: OF_EACH_NUMBER });
      if (old.length === 0) return 0;
      await forgetMediaOf(tx, old);
      await deleteMessages(tx, old);
      return old.length;
    });
}

/** These, whatever their state; in the caller's transaction. */
export function deleteMessagesOf(
  tx: Queryable,
  messages: readonly { organisationId: string; id: string }[],
): Promise<void> {
  return deleteMessages(tx, messages);
}
