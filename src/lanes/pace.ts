// Pace: how many may go in a second, kept by waiting. A rate and a small burst (generic cell rate algorithm): in no
// sliding second do more than `perSecond` leave, and after a pause nothing is made up for. When Meta says that it is too much, the
// rate falls to half and climbs back evenly: whatever the limit really is, the lane finds it, and leaves the brake by itself.
export interface Pace {
  /** Whether one may go now; takes its place if so. */
  take(now: number): boolean;
  /** Gives back the place of one that did not go. */
  giveBack(): void;
  /** Milliseconds until the next may go; 0 when it may now. */
  waitMs(now: number): number;
  /** Meta said that it is too much: nothing for `quietMs`, then half of what went before. */
  slow(now: number, quietMs: number): void;
}

/** One that is refused brings others with it that were under way at the same time: they halve the rate together, once. */
const HALVE_EVERY_MS = 1_000;
/** Of the whole rate, how much comes back each second without a complaint, and what is always left. */
const CLIMB = 0.05;
const LEAST = 0.02;

/** @param perSecond null: no pace @param startFull whether a burst may go at once (a new owner does not know what left before) */
export function createPace(perSecond: number | null, startFull: boolean, now: number): Pace {
  // A burst of 3 % is taken off the rate (of few a second, a twentieth), so that rate and burst together stay within the limit.
  const burst = perSecond === null ? 0 : Math.max(1, Math.floor(perSecond * 0.03));
  const intervalMs = perSecond === null ? 0 : 1000 / Math.max(perSecond - burst, perSecond * 0.95);
  const slackMs = intervalMs * (burst - 1);
  // The moment at which the next one is due if all go evenly.
  let dueAt = startFull || perSecond === null ? now - slackMs : now + intervalMs;
  let quietUntil = 0;
  // The share of the rate that Meta left us, from which it climbs when the quiet is over.
  let share = 1;
  let halvedAt = -Infinity;
  const shareAt = (at: number): number => Math.min(1, share + (CLIMB * Math.max(0, at - quietUntil)) / 1_000);
  return {
    take(at) {
      if (at < quietUntil || dueAt - slackMs > at) return false;
      dueAt = Math.max(dueAt, at) + intervalMs / shareAt(at);
      return true;
    },
    giveBack: () => void (dueAt -= intervalMs),
    waitMs: (at) => Math.max(0, quietUntil - at, dueAt - slackMs - at),
    slow(at, quietMs) {
      share = shareAt(at);
      if (at - halvedAt >= HALVE_EVERY_MS) {
        share = Math.max(LEAST, share / 2);
        halvedAt = at;
      }
      quietUntil = Math.max(quietUntil, at + quietMs);
    },
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
/** So many recipients are remembered; those who owe no time are forgotten on the way. */
const REMEMBERED_MAX = 50_000;
const FORGET_FROM = 1_000;

export function createPairPace(): PairPace {
  const due = new Map<string, number>();
  let forgetAt = FORGET_FROM;
  return {
    waitMs: (conversation, now) =>
      Math.max(0, (due.get(conversation) ?? 0) - (PAIR_BURST - 1) * PAIR_INTERVAL_MS - now),
    took(conversation, now) {
      if (due.size >= forgetAt) {
        forget(due, now);
        forgetAt = Math.min(REMEMBERED_MAX, Math.max(FORGET_FROM, 2 * due.size));
      }
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
  if (due.size < REMEMBERED_MAX) return;
  // All of them owe time: the oldest go; Meta's 131056 is the net below.
  for (const conversation of due.keys()) {
    if (due.size < REMEMBERED_MAX / 2) break;
    due.delete(conversation);
  }
}
