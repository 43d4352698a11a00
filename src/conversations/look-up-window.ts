// When a customer last wrote, whatever name is asked by: for who must know before anything is accepted. What is asked at once is one statement.
import { createGroupCommit } from '../storage/group-commit.ts';
import type { Queryable } from '../storage/db.ts';
import { selectLastInbound, type ConversationPlace } from './conversation-store.ts';

export interface WindowLookUp {
  lastInboundAt(place: ConversationPlace): Promise<Date | null>;
}

export function createWindowLookUp(db: Queryable): WindowLookUp {
  const looking = createGroupCommit<ConversationPlace, Date | null>({
    write: (places) => selectLastInbound(db, places),
    maxRows: 500,
    parallel: 2,
  });
  return { lastInboundAt: (place) => looking.add(place) };
}
