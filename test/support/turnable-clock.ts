// A clock that a test turns by hand. It stands still until then; what comes due on the way is called at its moment. Asleep (a stopped
// process), time goes on and nothing is called until it wakes.
import { systemClock, type Clock } from '../../src/kernel/clock.ts';

export interface TurnableClock extends Clock {
  advance(ms: number): void;
  /** Somebody sets the time of day back; what is waited for goes on as before. */
  setBack(ms: number): void;
  sleep(): void;
  wake(): void;
}

export function turnableClock(start: number): TurnableClock {
  let passed = 0;
  let startOfDay = start;
  let asleep = false;
  let waiting: { due: number; act: () => void }[] = [];

  function fire(until: number): void {
    while (!asleep) {
      const [next] = waiting.toSorted((a, b) => a.due - b.due);
      if (!next || next.due > until) break;
      waiting = waiting.filter((other) => other !== next);
      passed = Math.max(passed, next.due);
      next.act();
    }
  }

  return {
    now: () => startOfDay + passed,
    monotonic: () => passed,
    after(delayMs, act) {
      const one = { due: passed + delayMs, act };
      waiting.push(one);
      return { cancel: () => (waiting = waiting.filter((other) => other !== one)) };
    },
    advance(ms) {
      const until = passed + ms;
      fire(until);
      passed = until;
    },
    setBack: (ms) => void (startOfDay -= ms),
    sleep: () => void (asleep = true),
    wake() {
      asleep = false;
      fire(passed);
    },
  };
}

/** The machine's clock but for the time of day, which stands still and is turned by hand: what is due in days is due at once. */
export function dayTurnedByHand(): Clock & { turn(ms: number): void } {
  let now = systemClock.now();
  return { ...systemClock, now: () => now, turn: (ms) => void (now += ms) };
}
