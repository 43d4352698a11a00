// Who waits for something of a subscription, and is woken. It holds nothing but a promise.
import type { Clock } from '../kernel/clock.ts';
import type { SubscriptionId } from '../kernel/ids.ts';

export interface Wakes {
  /** Taken before one looks, so that what comes meanwhile is not missed. */
  next(id: SubscriptionId): Wake;
  wake(id: SubscriptionId): void;
  /** Wakes everybody. */
  wakeAll(): void;
}

export interface Wake {
  /** Resolves when woken, and after so long at the latest. */
  within(ms: number): Promise<void>;
  forget(): void;
}

export function createWakes(clock: Clock): Wakes {
  const waiting = new Map<SubscriptionId, Set<() => void>>();
  return {
    next(id) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const all = waiting.get(id) ?? new Set();
      waiting.set(id, all.add(resolve));
      return {
        async within(ms) {
          const timer = clock.after(ms, resolve);
          await promise;
          timer.cancel();
        },
        forget() {
          all.delete(resolve);
          if (all.size === 0 && waiting.get(id) === all) waiting.delete(id);
        },
      };
    },
    wake(id) {
      for (const tell of waiting.get(id) ?? []) tell();
    },
    wakeAll() {
      for (const all of waiting.values()) for (const tell of all) tell();
    },
  };
}
