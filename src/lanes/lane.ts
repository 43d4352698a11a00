// One lane in its owner's memory: the queue of one number as far as the owner must know it. The queue itself stands in the
// table; here is only what is under way, so that one recipient never has two attempts, and how fast the number may go.
import type { OrganisationId } from '../kernel/ids.ts';
import { createPace, createPairPace, type Pace, type PairPace } from './pace.ts';

const LINES = [0, 1, 2, 3];

export interface Lane {
  readonly phoneNumberId: string;
  readonly organisationId: OrganisationId;
  epoch: number;
  pace: Pace;
  pairs: PairPace | undefined;
  paceSetting: number | null;
  /** Conversations with an attempt, or the statement for one, under way. */
  readonly busy: Set<string>;
  /** Conversations with messages that wait behind another one, so that the next becomes ready when it is settled; and which step was
   *  the last: a look into the table that did not see that one yet says nothing. */
  readonly followed: Map<string, number>;
  /** How often somebody stepped behind another one: the newest number in `followed`. */
  steps: number;
  /** Lines in which messages may stand ready in the table that are not in memory: read before anything new goes past them. */
  readonly due: Set<number>;
  /** Messages read from the table that have not gone yet. */
  waiting: number;
  /** How many were queued in each line and have not gone, as far as this node knows. */
  queued: number[];
  /** Nothing goes until then (on the monotonic clock, as all moments of a lane): the number or its token is unusable. */
  stoppedUntil: number;
  /** How often it stopped without a message having gone since; while it is not 0, one goes at a time, to see. */
  stops: number;
  /** Meta said that it is too fast: perhaps it gives the number less than we know. */
  doubted: boolean;
  /** It is being left to another node, or was: nothing new goes. */
  leaving: boolean;
}

export function createLane(
  lane: { phoneNumberId: string; organisationId: OrganisationId; epoch: number; pace: number | null },
  now: number,
): Lane {
  return {
    phoneNumberId: lane.phoneNumberId,
    organisationId: lane.organisationId,
    epoch: lane.epoch,
    pace: createPace(lane.pace, false, now),
    pairs: lane.pace === null ? undefined : createPairPace(),
    paceSetting: lane.pace,
    busy: new Set(),
    followed: new Map(),
    steps: 0,
    due: new Set(LINES),
    waiting: 0,
    queued: [0, 0, 0, 0],
    stoppedUntil: 0,
    stops: 0,
    doubted: false,
    leaving: false,
  };
}

/** Anything may stand ready in the table. */
export function allDue(lane: Lane): void {
  for (const line of LINES) lane.due.add(line);
}

/** Whether something is known to stand before the next message of a conversation. */
export function standsBefore(lane: Lane, conversation: string): boolean {
  return lane.busy.has(conversation) || lane.followed.has(conversation);
}

/** A message stands behind another one of its conversation. */
export function stepBehind(lane: Lane, conversation: string): void {
  lane.followed.set(conversation, ++lane.steps);
}

/** Follows a change of the number's pace. */
export function setPace(lane: Lane, pace: number | null, now: number): void {
  if (lane.paceSetting === pace) return;
  lane.paceSetting = pace;
  lane.pace = createPace(pace, false, now);
  lane.pairs = pace === null ? undefined : (lane.pairs ?? createPairPace());
}

/** Takes a place for a message that was not in the queue: only where nothing is to go before it. */
export function takePlace(lane: Lane, conversation: string, now: number): boolean {
  if (lane.leaving || lane.due.size > 0 || lane.waiting > 0) return false;
  if (lane.stops > 0 || lane.stoppedUntil > now) return false;
  if (standsBefore(lane, conversation)) return false;
  if ((lane.pairs?.waitMs(conversation, now) ?? 0) > 0 || !lane.pace.take(now)) return false;
  lane.pairs?.took(conversation, now);
  lane.busy.add(conversation);
  return true;
}

const QUIET_MS = 1_000;

/** Meta said that it is too much, and perhaps for how long it wants to hear nothing. */
export function slowDown(lane: Lane, now: number, retryAfterMs: number | null): void {
  lane.doubted = true;
  lane.pace.slow(now, retryAfterMs ?? QUIET_MS);
}

/** Gives back a place whose message did not go. */
export function givePlaceBack(lane: Lane, conversation: string): void {
  lane.busy.delete(conversation);
  lane.pairs?.giveBack(conversation);
  lane.pace.giveBack();
}
