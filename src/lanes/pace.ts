// Pace: how many may go in a second, kept by waiting. Turns are given evenly, a little slower than Meta allows (generic cell
// rate algorithm); who is a moment late may catch up, and nothing is made up for after a pause. Between a turn and its call
// stands a commit, which takes now longer and now shorter: so the calls themselves are counted once more as they leave, and in
// no sliding second are there more than fit; nor do they leave in clumps, of which two would be less than a second apart when
// they arrive. What is left up to the limit is for the way to Meta, which is uneven, too: 25 ms of it at 80 a second. When Meta
// says that it is too much, the rate falls to half and climbs back evenly: whatever the limit really is, the lane finds it, and
// leaves the brake by itself. All moments are the monotonic clock's: a clock that is set back must not stop a queue.
export interface Pace {
  /** Whether one may have its turn now; takes it if so. */
  take(now: number): boolean;
  /** Gives back the turn of one that did not go. */
  giveBack(): void;
  /** Milliseconds until the next turn; 0 when there is one now. */
  waitMs(now: number): number;
  /** When one that has had its turn is to leave: each a little after the one before it. */
  leaveAt(now: number): number;
  /** Milliseconds until one that had its turn may leave; 0, and it is counted, when it may now. */
  leave(now: number): number;
  /** One that might leave at `since` was handed to its socket only now: a connection had to be made. */
  left(since: number, now: number): void;
  /** Meta said that it is too much: nothing for `quietMs`, then half of what went before. */
  slow(now: number, quietMs: number): void;
}

/** Of what Meta allows: how many turns are given, and how many leave in any second. */
const TURNS = 0.97;
const LEAVING = 0.98;
/** So late one may be and still have its turn. */
const LATE_MS = 60;
/** One that is refused brings others with it that were under way at the same time: they halve the rate together, once. */
const HALVE_EVERY_MS = 1_000;
/** Of the whole rate, how much comes back each second without a complaint, and what is always left. */
const CLIMB = 0.05;
const LEAST = 0.02;

/** @param perSecond null: no pace @param startFull whether a burst may go at once (a new owner does not know what left before) */
export function createPace(perSecond: number | null, startFull: boolean, now: number): Pace {
  const intervalMs = perSecond === null ? 0 : 1000 / (perSecond * TURNS);
  const slackMs = perSecond === null ? 0 : LATE_MS;
  const left = createSlidingSecond(perSecond === null ? 0 : Math.max(1, Math.round(perSecond * LEAVING)));
  // The moment at which the next one is due if all go evenly.
  let dueAt = startFull || perSecond === null ? now - slackMs : now + intervalMs;
  let nextLeavesAt = -Infinity;
  let quietUntil = 0;
  // The share of the rate that Meta left us, from which it climbs when the quiet is over.
  let share = 1;
  let halvedAt = -Infinity;
  const shareAt = (at: number): number => Math.min(1, share + (CLIMB * Math.max(0, at - quietUntil)) / 1_000);
  return {
    take(at) {
      if (at < quietUntil || Math.max(dueAt, nextLeavesAt) - slackMs > at) return false;
      dueAt = Math.max(dueAt, at) + intervalMs / shareAt(at);
      return true;
    },
    giveBack: () => void (dueAt -= intervalMs),
    waitMs: (at) => Math.max(0, quietUntil - at, Math.max(dueAt, nextLeavesAt) - slackMs - at),
    leaveAt(at) {
      const leavesAt = Math.max(at, nextLeavesAt);
      nextLeavesAt = leavesAt + intervalMs;
      return leavesAt;
    },
    leave: (at) => left.leave(at),
    left: (since, at) => left.left(since, at),
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

/** Counts what leaves: at most `size` in any second; 0: no limit. */
function createSlidingSecond(size: number): Pick<Pace, 'leave' | 'left'> {
  const moments = Array.from({ length: size }, () => -Infinity);
  let next = 0;
  return {
    leave(at) {
      if (size === 0) return 0;
      const waitMs = (moments[next] ?? 0) + 1_000 - at;
      if (waitMs > 0) return waitMs;
      moments[next] = at;
      next = (next + 1) % size;
      return 0;
    },
    left(since, at) {
      const place = moments.lastIndexOf(since);
      if (place >= 0) moments[place] = at;
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
