// A queue that takes from its front in constant time, however long it has grown.

export interface Fifo<Item> {
  readonly length: number;
  push(item: Item): void;
  shift(): Item | undefined;
  peek(): Item | undefined;
  clear(): void;
}

const COMPACT_AT = 1024;

export function createFifo<Item>(): Fifo<Item> {
  let items: (Item | undefined)[] = [];
  let head = 0;
  return {
    get length() {
      return items.length - head;
    },
    push: (item) => {
      items.push(item);
    },
    peek: () => items[head],
    shift() {
      const item = items[head];
      if (head >= items.length) return undefined;
      items[head++] = undefined;
      if (head >= COMPACT_AT && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    clear() {
      items = [];
      head = 0;
    },
  };
}
