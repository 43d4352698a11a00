// How many messages stand in the queues of lanes, for the backlog.
import type { CountQueued } from '../lanes/backlog.ts';
import type { Database } from '../storage/db.ts';
import { countQueued } from './message-store.ts';

export function createQueueCounter(db: Database): CountQueued {
  return async (lanes, max) => {
    const counts = new Map<string, number[]>();
    for (const { phoneNumberId, line, queued } of await countQueued(db, lanes, max)) {
      const lines = counts.get(phoneNumberId) ?? [];
      lines[line] = queued;
      counts.set(phoneNumberId, lines);
    }
    return counts;
  };
}
