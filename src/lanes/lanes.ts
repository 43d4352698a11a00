// The lanes this node owns, the calls under way on it, and those who wait. Whatever is accepted as *intended* is handed from
// here to the dispatcher, which gateway.ts registers: the rooms to the left of dispatch never look at it.
import type { Context } from '../context.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { allDue, createLane, givePlaceBack, setPace, takePlace, type Lane } from './lane.ts';
import type { Waiters } from './waiters.ts';

/** An open attempt: its intent is committed, the call is next. */
export interface Attempt {
  organisationId: OrganisationId;
  messageId: string;
  phoneNumberId: string;
  conversation: string;
  attempt: number;
  epoch: number;
  startedAt: number;
  body: JsonObject;
  /** An earlier attempt may have reached Meta. */
  mayHaveLeft: boolean;
  /** Meta's noes so far. */
  refusals: number;
  /** A caller is owed a wamid: what cannot go now is told, not queued. */
  owed: boolean;
}

/** Meta told by webhook that too much is sent: by a number, to a recipient, or of a WABA. */
export interface TooMuch {
  phoneNumberId: string;
  conversation: string;
  /** Meta's code, which says whose limit it is. */
  code: number;
}

export interface Dispatcher {
  /** Calls Meta for an attempt whose place in the lane is taken, and sees to what comes of it. */
  dispatch: (attempt: Attempt) => void;
  /** Something was queued, or may go now. */
  wake: (lane: Lane) => void;
  /** A message was settled by a status: its conversation may go on. */
  settled: (lane: Lane, conversation: string) => void;
  /** A message was accepted behind another one to its recipient. */
  behind: (
    lane: Lane,
    message: { organisationId: string; id: string; phoneNumberId: string; line: number },
  ) => void;
  /** Slows those lanes of this node that the limit holds for. */
  slow: (told: TooMuch) => void;
}

export interface Lanes {
  readonly waiters: Waiters;
  get(phoneNumberId: string): Lane | undefined;
  all(): Iterable<Lane>;
  open(lane: {
    phoneNumberId: string;
    organisationId: OrganisationId;
    epoch: number;
    pace: number | null;
  }): Lane;
  close(phoneNumberId: string): void;
  followPace(lane: Lane, pace: number | null | undefined): void;
  /** A place for a new message: its number's pace and its recipient's turn as far as memory knows, and a free connection. */
  takePlace(phoneNumberId: string, conversation: string, pace: number | null): Lane | undefined;
  givePlaceBack(lane: Lane, conversation: string): void;
  /** Milliseconds for which nothing goes in this lane because the number or its token was unusable a moment ago; 0: it goes. */
  stoppedMs(phoneNumberId: string): number;
  /** Calls that may still be begun. */
  freeCalls(): number;
  takeCall(): void;
  giveCallBack(): void;
  /** Outcomes cannot be recorded: no new calls until they can. Returns the end of it. */
  suspend(): () => void;
  /** No new places: the gateway is stopping. */
  stop(): void;
  register(dispatcher: Dispatcher): void;
  dispatcher(): Dispatcher;
}

export function createLanes(ctx: Context, waiters: Waiters): Lanes {
  const lanes = new Map<string, Lane>();
  let calls = 0;
  let stopped = false;
  let suspended = 0;
  let registered: Dispatcher | undefined;

  const free = (): number => (stopped || suspended > 0 ? 0 : ctx.config.metaConnections - calls);

  return {
    waiters,
    get: (phoneNumberId) => lanes.get(phoneNumberId),
    all: () => lanes.values(),
    open(wanted) {
      const lane = lanes.get(wanted.phoneNumberId) ?? createLane(wanted, ctx.clock.monotonic());
      lane.epoch = wanted.epoch;
      allDue(lane);
      lanes.set(wanted.phoneNumberId, lane);
      return lane;
    },
    close(phoneNumberId) {
      const lane = lanes.get(phoneNumberId);
      if (lane) lane.leaving = true;
      lanes.delete(phoneNumberId);
    },
    followPace(lane, pace) {
      if (pace !== undefined) setPace(lane, pace, ctx.clock.monotonic());
    },
    takePlace(phoneNumberId, conversation, pace) {
      const lane = lanes.get(phoneNumberId);
      const now = ctx.clock.monotonic();
      if (!lane || free() <= 0) return undefined;
      setPace(lane, pace, now);
      if (!takePlace(lane, conversation, now)) return undefined;
      calls++;
      return lane;
    },
    givePlaceBack(lane, conversation) {
      givePlaceBack(lane, conversation);
      calls--;
    },
    stoppedMs: (phoneNumberId) =>
      Math.max(0, (lanes.get(phoneNumberId)?.stoppedUntil ?? 0) - ctx.clock.monotonic()),
    freeCalls: free,
    takeCall: () => void calls++,
    giveCallBack: () => void calls--,
    suspend() {
      suspended++;
      return () => void suspended--;
    },
    stop: () => void (stopped = true),
    register: (dispatcher) => void (registered = dispatcher),
    dispatcher() {
      if (!registered)
        throw new Error('No dispatcher is registered: gateway.ts wires one before the first request.');
      return registered;
    },
  };
}
