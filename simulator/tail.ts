// The latest so many of a row that only grows. Each item has its number, from 1 on; numbers are never given twice, so that who
// reads page by page goes on after the last number seen, whatever came or was forgotten in the meantime.

export interface Tail<Item> {
  /** Adds one; what is forgotten for it, if anything. */
  add(item: Item): Item | undefined;
  /** The number of the latest. */
  readonly latest: number;
  /** From the one after number `after` on, at the most `limit`, oldest first. */
  page(after: number, limit: number): Item[];
  clear(): void;
}

const COMPACT_AT = 1024;

export function createTail<Item>(keep: number): Tail<Item> {
  let items: (Item | undefined)[] = [];
  let head = 0;
  let latest = 0;
  return {
    get latest() {
      return latest;
    },
    add(item) {
      items.push(item);
      latest++;
      if (items.length - head <= keep) return undefined;
      const forgotten = items[head];
      items[head++] = undefined;
      if (head >= COMPACT_AT && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return forgotten;
    },
    page(after, limit) {
      const forgotten = latest - (items.length - head);
      const from = head + Math.max(0, after - forgotten);
      return items.slice(from, from + limit).filter((item): item is Item => item !== undefined);
    },
    clear() {
      items = [];
      head = 0;
    },
  };
}
