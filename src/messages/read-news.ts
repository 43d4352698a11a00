// How messages stand, for those who wait for word of them.
import type { ReadNews } from '../lanes/waiters.ts';
import type { Database } from '../storage/db.ts';
import { readNews } from './message-store.ts';

export function createNewsReader(db: Database): ReadNews {
  return async (messages) => new Map((await readNews(db, messages)).map((row) => [row.id, row]));
}
