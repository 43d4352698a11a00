// Whether Meta can be reached at all: said once when it begins, and once when it is over, not at every attempt.
import type { Context } from '../context.ts';
import type { SendOutcome } from '../meta/client.ts';

export interface Reach {
  /** What became of a call. */
  heard(outcome: SendOutcome): void;
  /** Why no call has got through; undefined when they do. */
  lost(): string | undefined;
}

/** One connection that fails while others get through is nothing to speak of. */
const LOST_AFTER_MS = 3_000;

export function createReach({ config, clock, log }: Context): Reach {
  const { host } = new URL(config.graphUrl);
  let reachedAt = -Infinity;
  let lost: { reason: string; at: number; calls: number } | undefined;
  return {
    heard(outcome) {
      const now = clock.monotonic();
      if (outcome.kind !== 'not sent') {
        if (lost) log.info({ host, calls: lost.calls, ms: now - lost.at }, 'Meta is reached again');
        lost = undefined;
        reachedAt = now;
      } else if (outcome.unreachable) {
        if (lost) lost.calls++;
        else if (now - reachedAt >= LOST_AFTER_MS) {
          lost = { reason: outcome.reason, at: now, calls: 1 };
          log.error(
            { host, reason: outcome.reason },
            'Meta cannot be reached: messages are kept until it can',
          );
        }
      }
    },
    lost: () => lost && `${host} cannot be reached: ${lost.reason}`,
  };
}
