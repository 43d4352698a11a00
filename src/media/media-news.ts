// How the end of a fetch is told, in the transaction that ends it. Whose message a medium came with is for the messages to know, which stand
// further right: gateway.ts hands on what they make.
import type { Event, MediaOutcome } from '../events/event.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Queryable } from '../storage/db.ts';

/** The events of a fetch that has ended: none of history, nor of what the business wrote elsewhere. */
export type MediaNews = (
  tx: Queryable,
  ended: { number: BusinessNumber; messageId: string; media: MediaOutcome },
) => Promise<Event[]>;
