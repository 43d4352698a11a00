// What happened, newest last: every Graph call and every webhook try. In memory and bounded, for people and test suites;
// nothing depends on it.

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
  let entries: Kept[] = [];
  let seq = 0;
  return {
    add(entry) {
      if (keep === 0) return;
      entries.push({ seq: ++seq, ...entry });
      if (entries.length >= keep * 2) entries = entries.slice(-keep);
    },
    page: (after, limit) =>
      entries
        .slice(-keep)
        .filter((entry) => entry.seq > after)
        .slice(0, limit)
        .map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
    clear: () => {
      entries = [];
    },
  };
}
