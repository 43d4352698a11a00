// The simulator's own time, on top of a given clock: it may run, stand still, or jump. Timers fire in the order of their
// moments, also when a jump passes many of them; at each the clock shows that timer's moment. What a timer sets off
// (a webhook, its retry) is waited for before the next one fires, so a jump of 25 hours ends where 25 hours would have.
import { sleep, type Clock, type Timer } from '../src/kernel/clock.ts';

export type ClockMode = 'real' | 'frozen' | 'scaled';

export interface VirtualClock extends Clock {
  mode(): ClockMode;
  rate(): number;
  /** Runs at `rate` (1: as the clock below), or stands still at 0; from `now` on if that is given. */
  set(rate: number, now?: number): void;
  /** Moves ahead by `ms` and resolves when what fired has settled; tells how many timers fired. */
  advance(ms: number, settled: () => Promise<void>): Promise<number>;
  /** The moment of the next timer, if there is one. */
  nextAt(): number | null;
  /** Forgets every timer. */
  clear(): void;
  /** No timer fires any more. */
  stop(): void;
}

interface Entry {
  at: number;
  turn: number;
  act: (() => void) | null;
}

// A settling that takes longer than this in real time (a receiver that never answers) no longer holds up the clock.
const SETTLE_MAX_MS = 5000;

export function createVirtualClock(below: Clock, startAt?: number): VirtualClock {
  const heap: Entry[] = [];
  let turn = 0;
  let rate = 1;
  let anchorBelow = below.now();
  let anchor = startAt ?? anchorBelow;
  const bornBelow = below.monotonic();
  const born = anchor;
  let armed: { at: number; timer: Timer } | null = null;
  let advancing: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const now = (): number => (rate === 0 ? anchor : Math.floor(anchor + (below.now() - anchorBelow) * rate));

  function anchorAt(moment: number): void {
    anchor = moment;
    anchorBelow = below.now();
  }

  function arm(): void {
    const next = heap[0];
    if (stopped || rate === 0 || !next) return;
    if (armed && armed.at <= next.at) return;
    armed?.timer.cancel();
    armed = { at: next.at, timer: below.after(Math.max(0, (next.at - now()) / rate), wake) };
  }

  function wake(): void {
    armed = null;
    for (let next = heap[0]; next && next.at <= now() && !stopped; next = heap[0]) fire();
    arm();
  }

  function fire(): number {
    const entry = pop(heap);
    const act = entry?.act;
    if (!entry || !act) return 0;
    entry.act = null;
    act();
    return 1;
  }

  async function jump(ms: number, settled: () => Promise<void>): Promise<number> {
    const target = now() + ms;
    let fired = 0;
    for (let next = heap[0]; next && next.at <= target && !stopped; next = heap[0]) {
      if (next.at > now()) anchorAt(next.at);
      const moment = next.at;
      for (let same = heap[0]; same && same.at === moment; same = heap[0]) fired += fire();
      await Promise.race([settled(), sleep(below, SETTLE_MAX_MS)]);
    }
    if (now() < target) anchorAt(target);
    arm();
    return fired;
  }

  function clear(): void {
    armed?.timer.cancel();
    armed = null;
    heap.length = 0;
  }

  return {
    now,
    monotonic: () => (rate === 1 && anchor === born ? below.monotonic() - bornBelow : now() - born),
    after(delayMs, act) {
      const entry: Entry = { at: now() + Math.max(0, delayMs), turn: turn++, act };
      push(heap, entry);
      arm();
      return {
        cancel: () => {
          entry.act = null;
        },
      };
    },
    mode: () => (rate === 0 ? 'frozen' : rate === 1 ? 'real' : 'scaled'),
    rate: () => rate,
    set(newRate, moment) {
      anchorAt(moment ?? now());
      rate = newRate;
      armed?.timer.cancel();
      armed = null;
      arm();
    },
    advance(ms, settled) {
      const done = advancing.then(() => jump(ms, settled));
      advancing = done.catch(() => undefined);
      return done;
    },
    nextAt() {
      while (heap[0] && heap[0].act === null) pop(heap);
      return heap[0]?.at ?? null;
    },
    clear,
    stop() {
      stopped = true;
      clear();
    },
  };
}

function before(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.turn < other.turn);
}

function push(heap: Entry[], entry: Entry): void {
  let i = heap.push(entry) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent];
    if (!above || !before(entry, above)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (!last || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    const left = heap[2 * i + 1];
    const right = heap[2 * i + 2];
    const child = right && left && before(right, left) ? 2 * i + 2 : 2 * i + 1;
    const below = heap[child];
    if (!below || !before(below, last)) break;
    heap[i] = below;
    i = child;
  }
  heap[i] = last;
  return top;
}
