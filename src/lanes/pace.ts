// Pace: how many may go in a second, kept by waiting. A rate and a small burst (generic cell rate algorithm): in no
// sliding second do more than `perSecond` leave, and after a pause nothing is made up for.
export interface Pace {
  /** Whether one may go now; takes its place if so. */
  take(now: number): boolean;
  /** Gives back the place of one that did not go. */
  giveBack(): void;
  /** Milliseconds until the next may go; 0 when it may now. */
  waitMs(now: number): number;
  /** Lets nothing go for a while: Meta said that it is too much. */
  pause(now: number, ms: number): void;
}

/** @param perSecond null: no pace @param startFull whether a burst may go at once (a new owner does not know what left before) */
export function createPace(perSecond: number | null, startFull: boolean, now: number): Pace {
  // A burst of 3 % is taken off the rate, so that rate and burst together stay within the limit.
  const burst = perSecond === null ? 0 : Math.max(1, Math.floor(perSecond * 0.03));
  const intervalMs = perSecond === null ? 0 : 1000 / Math.max(perSecond - burst, perSecond * 0.5);
  const slackMs = intervalMs * (burst - 1);
  // The moment at which the next one is due if all go evenly.
  let dueAt = startFull || perSecond === null ? now - slackMs : now + intervalMs;
  let pausedUntil = 0;
  return {
    take(at) {
      if (at < pausedUntil || dueAt - slackMs > at) return false;
      dueAt = Math.max(dueAt, at) + intervalMs;
      return true;
    },
    giveBack: () => void (dueAt -= intervalMs),
    waitMs: (at) => Math.max(0, pausedUntil - at, dueAt - slackMs - at),
    pause: (at, ms) => void (pausedUntil = Math.max(pausedUntil, at + ms)),
  };
}

/** Meta's pair rule (reference: throughput page): one message in 6 s to the same user, with bursts of 45 on credit. */
export interface PairPace {
  /** Milliseconds until one may go to this recipient; 0 when it may now. */
  waitMs(conversation: string, now: number): number;
  took(conversation: string, now: number): void;
  /** Gives back the credit of one that did not go. */
  giveBack(conversation: string): void;
  /** Meta said that it is too much for this recipient. */
  pause(conversation: string, now: number, ms: number): void;
}

const PAIR_INTERVAL_MS = 6_000;
const PAIR_BURST = 45;
const REMEMBERED_MAX = 50_000;

export function createPairPace(): PairPace {
  const due = new Map<string, number>();
  return {
    waitMs: (conversation, now) =>
      Math.max(0, (due.get(conversation) ?? 0) - (PAIR_BURST - 1) * PAIR_INTERVAL_MS - now),
    took(conversation, now) {
      if (due.size >= REMEMBERED_MAX) forget(due, now);
      due.set(conversation, Math.max(due.get(conversation) ?? 0, now) + PAIR_INTERVAL_MS);
    },
    giveBack(conversation) {
      const at = due.get(conversation);
      if (at !== undefined) due.set(conversation, at - PAIR_INTERVAL_MS);
    },
    pause: (conversation, now, ms) =>
      void due.set(conversation, now + ms + (PAIR_BURST - 1) * PAIR_INTERVAL_MS),
  };
}

function forget(due: Map<string, number>, now: number): void {
  for (const [conversation, at] of due) if (at <= now) due.delete(conversation);
  // All of them owe time: the oldest go; Meta's 131056 is the net below.
  for (const conversation of due.keys()) {
    if (due.size < REMEMBERED_MAX / 2) break;
    due.delete(conversation);
  }
}
