// The brake: what a no of Meta's does to lanes. Too much: the lane goes slower, and those that share the limit with it. A number or
// token that is of no use: the lane stops, keeps its queue, says so, and tries with one message now and then whether Meta takes again.
import type { Context } from '../context.ts';
import { slowDown, type Lane } from '../lanes/lane.ts';
import type { Lanes, TooMuch } from '../lanes/lanes.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';

export type Brake =
  | { kind: 'slow lane'; code: number; retryAfterMs: number | null }
  | { kind: 'slow recipient'; ms: number }
  | { kind: 'stop number'; reason: string };

export interface Brakes {
  /** Does what Meta's no asks for. */
  pull(lane: Lane, conversation: string, brake: Brake): Promise<void>;
  /** The same for what Meta says by webhook, which may be of a lane that is another node's. */
  slow(told: TooMuch): void;
  /** Meta took a message of the lane: whatever stopped it is over. */
  release(lane: Lane): Promise<void>;
  /** Lets lanes go on whose number somebody repaired; they need not wait for their next try. */
  releaseRepaired(): void;
}

export interface BrakeParts {
  lanes: Lanes;
  numbers: NumberDirectory;
  wake: (lane: Lane) => void;
}

/** "API Too Many Calls" is said of the app, "Rate limit issues" of the WABA; all else of the number alone. */
const APP_LIMIT = 4;
const WABA_LIMIT = 80007;
/** Of a number and a recipient. */
export const PAIR_LIMIT = 131056;
const PAIR_REST_MS = 5_000;
const REST_MAX_MS = 300_000;

export function createBrakes(ctx: Context, parts: BrakeParts): Brakes {
  const { lanes, numbers } = parts;

  async function stop(lane: Lane, reason: string): Promise<void> {
    const now = ctx.clock.monotonic();
    // The others that were under way were refused for the same reason.
    if (lane.stoppedUntil > now) return;
    const again = lane.stops > 0;
    lane.stoppedUntil = now + Math.min(REST_MAX_MS, ctx.config.times.numberRestMs * 2 ** lane.stops);
    // Why stands with the number: Meta's own words may hold anything.
    if (!again)
      ctx.log.warn({ phoneNumberId: lane.phoneNumberId }, 'the number is unusable; its queue is kept');
    await setStatus(numbers, { phoneNumberId: lane.phoneNumberId, status: 'degraded', reason });
    // Counted only now: a lane that counts stops while its number is connected has been repaired.
    lane.stops++;
  }

  return {
    async pull(lane, conversation, brake) {
      const now = ctx.clock.monotonic();
      if (brake.kind === 'stop number') return stop(lane, brake.reason);
      if (brake.kind === 'slow recipient') return lane.pairs?.pause(conversation, now, brake.ms);
      for (const one of sharing(parts, lane.phoneNumberId, brake.code))
        slowDown(one, now, brake.retryAfterMs);
    },
    slow({ phoneNumberId, conversation, code }) {
      const now = ctx.clock.monotonic();
      if (code === PAIR_LIMIT) lanes.get(phoneNumberId)?.pairs?.pause(conversation, now, PAIR_REST_MS);
      else for (const one of sharing(parts, phoneNumberId, code)) slowDown(one, now, null);
    },
    async release(lane) {
      if (lane.stops > 0) ctx.log.info({ phoneNumberId: lane.phoneNumberId }, 'the number sends again');
      lane.stops = 0;
      await setStatus(numbers, { phoneNumberId: lane.phoneNumberId, status: 'connected', reason: null });
    },
    releaseRepaired() {
      for (const lane of lanes.all()) {
        if (lane.stops === 0 || numbers.numberAnywhere(lane.phoneNumberId)?.status !== 'connected') continue;
        lane.stops = 0;
        lane.stoppedUntil = 0;
        parts.wake(lane);
      }
    },
  };
}

// The lanes of this node that a limit holds for; other nodes hear of it when Meta refuses theirs.
function sharing({ lanes, numbers }: BrakeParts, phoneNumberId: string, code: number): Lane[] {
  const own = numbers.numberAnywhere(phoneNumberId);
  if (!own || (code !== APP_LIMIT && code !== WABA_LIMIT)) {
    const lane = lanes.get(phoneNumberId);
    return lane ? [lane] : [];
  }
  const shares = (other: BusinessNumber | undefined): boolean =>
    code === APP_LIMIT ? other?.appId === own.appId : other?.wabaId === own.wabaId;
  return [...lanes.all()].filter((other) => shares(numbers.numberAnywhere(other.phoneNumberId)));
}

async function setStatus(
  numbers: NumberDirectory,
  to: { phoneNumberId: string; status: 'connected' | 'degraded'; reason: string | null },
): Promise<void> {
  const { phoneNumberId, status, reason: statusReason } = to;
  const number = numbers.numberAnywhere(phoneNumberId);
  // Only what was stopped here is connected again here: a number that somebody disconnected stays so.
  if (!number || number.status === status || (status === 'connected' && number.status !== 'degraded')) return;
  await numbers.setNumber({ organisationId: number.organisationId, phoneNumberId, status, statusReason });
}
