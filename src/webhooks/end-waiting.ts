// Nobody takes what waits for a subscription that is gone: it ends as dead, at once with the subscription and, where other nodes still
// wrote for it or a crash came between, with the sweep.
import type { Context } from '../context.ts';
import { endOfGone } from './delivery-store.ts';
import { forgetLines, forgetLinesOf } from './line-store.ts';

export async function endWaitingFor({ db }: Context, subscriptionId: string): Promise<void> {
  await endOfGone(db, subscriptionId);
  await forgetLinesOf(db, subscriptionId);
}

export async function endWaitingForGone({ db }: Context, keepDays: number): Promise<void> {
  await endOfGone(db, null);
  await forgetLines(db, keepDays);
}
