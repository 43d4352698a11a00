// Follows Meta's throughput level: the pace of a number is what Meta gives it, unless a person set another. Asked soon after a lane is
// ours, once an hour, and earlier when Meta says that the lane is too fast.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { MetaClient } from '../meta/client.ts';
import { readThroughput, THROUGHPUT_FIELDS } from '../meta/throughput.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { levelOf } from '../storage/db.ts';

export interface ThroughputFollower {
  start(): void;
  /** Asks about the lanes whose time has come. */
  look(): Promise<void>;
  stop(): void;
}

export interface ThroughputParts {
  lanes: Lanes;
  numbers: NumberDirectory;
  meta: MetaClient;
}

const LOOK_EVERY_MS = 5_000;
const ASK_EVERY_MS = 3_600_000;
const DOUBTED_EVERY_MS = 300_000;
/** Of a thousand lanes that are taken at once, so many in one look: a WABA may ask Meta a few thousand times an hour. */
const ASKED_AT_ONCE = 10;

export function createThroughputFollower(ctx: Context, parts: ThroughputParts): ThroughputFollower {
  const { lanes, numbers, meta } = parts;
  const askedAt = new Map<string, number>();
  let timer: Timer | undefined;

  function isDue(lane: Lane): boolean {
    const sinceMs = ctx.clock.monotonic() - (askedAt.get(lane.phoneNumberId) ?? -Infinity);
    return sinceMs >= (lane.doubted ? DOUBTED_EVERY_MS : ASK_EVERY_MS);
  }

  async function ask(lane: Lane, number: BusinessNumber): Promise<void> {
    const { phoneNumberId, organisationId, accessToken } = number;
    askedAt.set(phoneNumberId, ctx.clock.monotonic());
    lane.doubted = false;
    const answer = await meta.call({
      method: 'GET',
      accessToken,
      path: `${phoneNumberId}?fields=${THROUGHPUT_FIELDS}`,
    });
    const throughput = answer.kind === 'answered' ? readThroughput(answer.body) : undefined;
    if (throughput === undefined || throughput === number.pace) return;
    await numbers.setNumber({ organisationId, phoneNumberId, throughput });
    ctx.log.info(
      { phoneNumberId, from: number.pace, to: throughput },
      'Meta gives the number another throughput',
    );
  }

  async function look(): Promise<void> {
    let asked = 0;
    for (const lane of lanes.all()) {
      const number = numbers.numberAnywhere(lane.phoneNumberId);
      // Asked at once when it follows Meta again.
      if (!number?.paceFromMeta) askedAt.delete(lane.phoneNumberId);
      else if (isDue(lane) && number.status === 'connected') {
        await ask(lane, number);
        if (++asked === ASKED_AT_ONCE) return;
      }
    }
  }

  function again(): void {
    timer = ctx.clock.after(LOOK_EVERY_MS, () => {
      void look()
        .catch((error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'the throughput could not be read'),
        )
        .finally(() => timer && again());
    });
  }
  return {
    start: again,
    look,
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };
}
