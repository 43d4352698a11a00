// The simulator's own time, on top of a given clock: it may run, stand still, or jump. Timers fire in the order of their
// moments, also when a jump passes many of them; at each the clock shows that timer's moment. What a timer sets off
// (a webhook, its retry) is waited for before the next one fires, so a jump of 25 hours ends where 25 hours would have.
import { sleep, type Clock, type Timer } from '../src/kernel/clock.ts';
import { createTimerHeap, type TimerEntry } from './timer-heap.ts';

export type ClockMode = 'real' | 'frozen' | 'scaled';

// A settling that takes longer than this (a receiver that never answers) no longer holds up a jump.
const SETTLE_MAX_MS = 5000;

// No timer below may be longer (Node fires those at once): what is further off is armed again on the way.
const ARMED_MAX_MS = 2 ** 31 - 1;

export class VirtualClock implements Clock {
  readonly #below: Clock;
  readonly #heap = createTimerHeap();
  readonly #born: number;
  #rate = 1;
  // The moment shown when the clock below showed `#anchorBelow`.
  #anchor: number;
  #anchorBelow: number;
  #armed: { at: number; timer: Timer } | null = null;
  #jumping: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(below: Clock, startAt = below.now()) {
    this.#below = below;
    this.#anchor = startAt;
    this.#born = startAt;
    this.#anchorBelow = below.now();
  }

  now(): number {
    if (this.#rate === 0) return this.#anchor;
    return Math.floor(this.#anchor + (this.#below.now() - this.#anchorBelow) * this.#rate);
  }

  monotonic(): number {
    return this.now() - this.#born;
  }

  after(delayMs: number, act: () => void): Timer {
    const entry: TimerEntry = { at: this.now() + Math.max(0, delayMs), act };
    this.#heap.push(entry);
    this.#arm();
    return {
      cancel: () => {
        entry.act = null;
      },
    };
  }

  mode(): ClockMode {
    if (this.#rate === 0) return 'frozen';
    return this.#rate === 1 ? 'real' : 'scaled';
  }

  rate(): number {
    return this.#rate;
  }

  /** Runs at `rate` (1: as the clock below), or stands still at 0; from `moment` on if that is given. */
  set(rate: number, moment = this.now()): void {
    this.#anchorAt(moment);
    this.#rate = rate;
    this.#disarm();
    this.#arm();
  }

  /** Moves ahead and resolves when what fired has settled; tells how many timers fired. */
  advance(ms: number, settled: () => Promise<void>): Promise<number> {
    const done = this.#jumping.then(() => this.#jump(ms, settled));
    this.#jumping = done.catch(() => undefined);
    return done;
  }

  /** The moment of the next timer, if there is one. */
  nextAt(): number | null {
    return this.#heap.peek()?.at ?? null;
  }

  /** Forgets every timer. */
  clear(): void {
    this.#disarm();
    this.#heap.clear();
  }

  /** No timer fires any more. */
  stop(): void {
    this.#stopped = true;
    this.clear();
  }

  async #jump(ms: number, settled: () => Promise<void>): Promise<number> {
    // What is already on its way may set timers, too.
    await this.#quiet(settled);
    const target = this.now() + ms;
    let fired = 0;
    for (let next = this.#due(target); next; next = this.#due(target)) {
      if (next.at > this.now()) this.#anchorAt(next.at);
      for (let same = this.#due(next.at); same; same = this.#due(next.at)) {
        this.#fire();
        fired++;
      }
      await this.#quiet(settled);
    }
    if (this.now() < target) this.#anchorAt(target);
    this.#disarm();
    this.#arm();
    return fired;
  }

  async #quiet(settled: () => Promise<void>): Promise<void> {
    const patience = new AbortController();
    await Promise.race([settled(), sleep(this.#below, SETTLE_MAX_MS, patience.signal)]);
    patience.abort();
  }

  #due(moment: number): TimerEntry | undefined {
    const next = this.#heap.peek();
    return next && next.at <= moment && !this.#stopped ? next : undefined;
  }

  #fire(): void {
    const entry = this.#heap.pop();
    const act = entry?.act;
    if (entry) entry.act = null;
    act?.();
  }

  #anchorAt(moment: number): void {
    this.#anchor = moment;
    this.#anchorBelow = this.#below.now();
  }

  #arm(): void {
    const next = this.#heap.peek();
    if (this.#stopped || this.#rate === 0 || !next) return;
    if (this.#armed && this.#armed.at <= next.at) return;
    this.#disarm();
    const delayMs = Math.min(ARMED_MAX_MS, Math.max(0, (next.at - this.now()) / this.#rate));
    this.#armed = { at: next.at, timer: this.#below.after(delayMs, () => this.#wake()) };
  }

  #disarm(): void {
    this.#armed?.timer.cancel();
    this.#armed = null;
  }

  #wake(): void {
    this.#armed = null;
    while (this.#due(this.now())) this.#fire();
    this.#arm();
  }
}
