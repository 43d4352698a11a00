// Timers by their moment, and of one moment in the order they were set: a binary heap. A timer without an act was cancelled,
// and is left out when its turn comes.

export interface TimerEntry {
  at: number;
  act: (() => void) | null;
}

export interface TimerHeap {
  push(entry: TimerEntry): void;
  /** The next one that is not cancelled. */
  peek(): TimerEntry | undefined;
  pop(): TimerEntry | undefined;
  clear(): void;
}

interface Node {
  entry: TimerEntry;
  turn: number;
}

export function createTimerHeap(): TimerHeap {
  const heap: Node[] = [];
  let turn = 0;

  function peek(): TimerEntry | undefined {
    while (heap[0] && heap[0].entry.act === null) sink(heap);
    return heap[0]?.entry;
  }

  return {
    push: (entry) => rise(heap, { entry, turn: turn++ }),
    peek,
    pop() {
      const entry = peek();
      if (entry) sink(heap);
      return entry;
    },
    clear() {
      heap.length = 0;
    },
  };
}

function before(one: Node, other: Node): boolean {
  return one.entry.at < other.entry.at || (one.entry.at === other.entry.at && one.turn < other.turn);
}

function rise(heap: Node[], node: Node): void {
  let i = heap.push(node) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent];
    if (!above || !before(node, above)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = node;
}

// Takes the first one out.
function sink(heap: Node[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let i = 0;
  for (;;) {
    const left = heap[2 * i + 1];
    const right = heap[2 * i + 2];
    const child = left && right && before(right, left) ? 2 * i + 2 : 2 * i + 1;
    const below = heap[child];
    if (!below || !before(below, last)) break;
    heap[i] = below;
    i = child;
  }
  heap[i] = last;
}
