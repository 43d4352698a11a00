// The backlog: how many messages stand in the queues, by number and by organisation, so that "full" is said before anything is stored.
// The owner of a lane counts: what came in and went since the last exact count, which is repeated as often as it is cheap. It writes the
// sum down every few seconds, and every node reads the sums of all: a limit holds to within what arrives meanwhile.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { publishQueued, readQueued } from './lane-store.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

export interface Backlog {
  /** Throws `rate_limit_exceeded` where the queue of the number, or those of its organisation together, are full. */
  requireRoom(number: Queueing): void;
  /** How long what stands in a line of the number's queue will take to leave, as far as this node knows. */
  waitMs(number: Queueing, line: number): number;
  /** A message was queued by this node. */
  added(message: { phoneNumberId: string; organisationId: OrganisationId; line: number }): void;
  /** Counts where it is time to, writes our sums down and reads everybody's. */
  keep(): Promise<void>;
}

interface Queueing {
  phoneNumberId: string;
  organisationId: OrganisationId;
  pace: number | null;
}

/** How many are queued in each line of these lanes, each counted up to `max`. */
export type CountQueued = (
  lanes: readonly { organisationId: string; phoneNumberId: string }[],
  max: number,
) => Promise<Map<string, number[]>>;

export interface BacklogParts {
  nodeId: string;
  lanes: Pick<Lanes, 'get' | 'all'>;
  countQueued: CountQueued;
}

const COUNT_EVERY_MS = 5_000;
/** A long queue takes long to count: never more than a hundredth of the time. */
const COUNT_SHARE = 100;
/** When to come back: when so much of the limit is free again. */
const FREE_SHARE = 0.01;
const RETRY_AFTER_MS = { min: 1_000, max: 3_600_000 };

export function createBacklog(ctx: Context, parts: BacklogParts): Backlog {
  const { queuePerNumber, queuePerOrganisation } = ctx.config;
  let ofNumbers = new Map<string, number[]>();
  let ofOrganisations = new Map<string, number>();
  let countAt = -Infinity;
  const owned = (): Lane[] => [...parts.lanes.all()];
  const add = (organisationId: string, more: number): void =>
    void ofOrganisations.set(organisationId, (ofOrganisations.get(organisationId) ?? 0) + more);

  async function count(lanes: readonly Lane[]): Promise<void> {
    const started = ctx.clock.monotonic();
    const counted = await parts.countQueued(lanes, queuePerNumber + 1);
    // What came or went while it was counted is in the next count.
    for (const lane of lanes) {
      const lines = counted.get(lane.phoneNumberId) ?? [];
      lane.queued = lane.queued.map((_, line) => lines[line] ?? 0);
    }
    const ended = ctx.clock.monotonic();
    countAt = ended + Math.max(COUNT_EVERY_MS, COUNT_SHARE * (ended - started));
  }

  return {
    requireRoom(number) {
      const own = sum(ofNumbers.get(number.phoneNumberId) ?? []);
      const all = ofOrganisations.get(number.organisationId) ?? 0;
      if (own >= queuePerNumber)
        throw full(`The number ${number.phoneNumberId} has ${own} messages queued, the limit`, {
          over: own - queuePerNumber,
          limit: queuePerNumber,
          pace: number.pace,
        });
      if (all >= queuePerOrganisation)
        throw full(`The organisation has ${all} messages queued, the limit`, {
          over: all - queuePerOrganisation,
          limit: queuePerOrganisation,
          pace: number.pace,
        });
    },
    waitMs({ phoneNumberId, pace }, line) {
      // The owner knows it now; the others, as it was a few seconds ago.
      const lines = parts.lanes.get(phoneNumberId)?.queued ?? ofNumbers.get(phoneNumberId) ?? [];
      return pace === null ? 0 : ((lines[line] ?? 0) / pace) * 1_000;
    },
    added({ phoneNumberId, organisationId, line }) {
      const lines = ofNumbers.get(phoneNumberId) ?? [0, 0, 0, 0];
      lines[line] = (lines[line] ?? 0) + 1;
      ofNumbers.set(phoneNumberId, lines);
      add(organisationId, 1);
    },
    async keep() {
      const lanes = owned();
      if (lanes.length > 0 && ctx.clock.monotonic() >= countAt) await count(lanes);
      await publishQueued(
        ctx.db,
        parts.nodeId,
        new Map(owned().map((lane) => [lane.phoneNumberId, lane.queued])),
      );
      const read = await readQueued(ctx.db);
      ofNumbers = new Map(read.map((lane) => [lane.phoneNumberId, lane.queued]));
      ofOrganisations = new Map();
      for (const lane of read) add(lane.organisationId, sum(lane.queued));
    },
  };
}

function sum(lines: readonly number[]): number {
  return lines.reduce((all, line) => all + line, 0);
}

function full(what: string, at: { over: number; limit: number; pace: number | null }): KurirError {
  const { over, limit, pace } = at;
  const drainMs = pace === null ? 0 : ((over + limit * FREE_SHARE) / pace) * 1_000;
  const retryAfterMs = Math.min(Math.max(drainMs, RETRY_AFTER_MS.min), RETRY_AFTER_MS.max);
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new KurirError(
    'rate_limit_exceeded',
    `${what} is ${limit}: nothing was stored. Repeat the request in ${seconds} s, with the same key.`,
    { retryAfterMs },
  );
}
