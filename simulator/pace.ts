// Meta's two rates, each as a bucket that holds the moment until which it is used up (GCRA): a number sends so many a second,
// and to one customer one message in six seconds with a burst that is lent and has to be waited off.
import type { PairLimit } from './settings.ts';

export interface Pace {
  /** Takes one message's room on a number; false when there is none. */
  takeNumber(number: string, perSecond: number | null, now: number): boolean;
  takePair(number: string, phone: string, limit: PairLimit | null, now: number): boolean;
  clear(): void;
}

const PAIRS_MAX = 100_000;

export function createPace(): Pace {
  const numbers = new Map<string, number>();
  const pairs = new Map<string, number>();
  return {
    takeNumber: (number, perSecond, now) =>
      perSecond === null || take(numbers, number, { everyMs: 1000 / perSecond, burst: perSecond, now }),
    takePair(number, phone, limit, now) {
      if (limit === null) return true;
      if (pairs.size > PAIRS_MAX) for (const [pair, until] of pairs) if (until <= now) pairs.delete(pair);
      return take(pairs, `${number}:${phone}`, { everyMs: limit.perMs, burst: limit.burst, now });
    },
    clear() {
      numbers.clear();
      pairs.clear();
    },
  };
}

function take(
  buckets: Map<string, number>,
  key: string,
  { everyMs, burst, now }: { everyMs: number; burst: number; now: number },
): boolean {
  const until = Math.max(buckets.get(key) ?? 0, now) + everyMs;
  if (until - now > burst * everyMs + 1e-6) return false;
  buckets.set(key, until);
  return true;
}
