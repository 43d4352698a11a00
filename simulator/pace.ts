// Meta's two rates, each as a bucket that holds the moment until which it is used up (GCRA): a number sends so many a second,
// and to one customer one message in six seconds with a burst that is lent and has to be waited off.
import type { PairLimit } from './settings.ts';

export interface Pace {
  /** Takes one message's room on a number; false when there is none. */
  takeNumber(number: string, perSecond: number | null, now: number): boolean;
  /** Takes one message's room between a number and a customer. */
  takePair(pair: string, limit: PairLimit | null, now: number): boolean;
  clear(): void;
}

const PAIRS_MAX = 100_000;

export function createPace(): Pace {
  const numbers = new Map<string, number>();
  const pairs = new Map<string, number>();
  return {
    takeNumber: (number, perSecond, now) =>
      perSecond === null || take(numbers, number, { everyMs: 1000 / perSecond, burst: perSecond, now }),
    takePair(pair, limit, now) {
      if (limit === null) return true;
      if (pairs.size > PAIRS_MAX) for (const [key, until] of pairs) if (until <= now) pairs.delete(key);
      return take(pairs, pair, { everyMs: limit.perMs, burst: limit.burst, now });
    },
    clear() {
      numbers.clear();
      pairs.clear();
    },
  };
}

interface Rate {
  everyMs: number;
  burst: number;
  now: number;
}

// Fractions of a millisecond add up to less than a whole message.
const ROUNDING_MS = 1e-6;

function take(buckets: Map<string, number>, key: string, { everyMs, burst, now }: Rate): boolean {
  const until = Math.max(buckets.get(key) ?? 0, now) + everyMs;
  if (until - now > burst * everyMs + ROUNDING_MS) return false;
  buckets.set(key, until);
  return true;
}
