// How the end of a fetch is told, in the transaction that ends it. Whose message a medium came with is for the messages to know, which stand
// further right: gateway.ts hands on what they make.
import type { MediaOutcome } from '../events/event.ts';
import type { Told } from '../events/teller.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Transaction } from '../storage/db.ts';

export interface MediaNews {
  /** Whether anybody may want to hear of it. */
  wanted(number: BusinessNumber): boolean;
  record(
    tx: Transaction,
    ended: { number: BusinessNumber; messageId: string; media: MediaOutcome },
  ): Promise<Told>;
}
