// What happened, newest last: every Graph call and every webhook try. In memory and bounded, for people and test suites;
// nothing depends on it.
import { createTail } from './tail.ts';

export interface JournalEntry {
  seq: number;
  /** An ISO time of the simulator's clock. */
  at: string;
  kind: 'graph' | 'webhook' | 'note';
  /** `POST /v24.0/1065…/messages`, or the callback's URL. */
  what: string;
  /** HTTP status, or what went wrong. */
  answer: number | string;
  detail?: unknown;
}

interface Kept extends Omit<JournalEntry, 'at'> {
  at: number;
}

export interface Journal {
  add(entry: Omit<Kept, 'seq'>): void;
  /** Entries after `after`, at the most `limit`. */
  page(after: number, limit: number): JournalEntry[];
  clear(): void;
}

export function createJournal(keep: number): Journal {
  const entries = createTail<Kept>(keep);
  return {
    add: (entry) => void entries.add({ seq: entries.latest + 1, ...entry }),
    page: (after, limit) =>
      entries.page(after, limit).map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
    clear: () => entries.clear(),
  };
}
