// The calls that wanted to send: page by page, and summed up by number.
import { Type, type Static } from 'typebox';
import type { SendCall } from '../send-calls.ts';
import type { Simulation } from '../simulation.ts';

export interface CallView {
  seq: number;
  phone_number_id: string;
  to: string;
  biz_opaque_callback_data?: string;
  /** Milliseconds since the epoch, on the clock of the wire. */
  arrived_ms: number;
  /** When the answer had left or the caller was gone; null: still under way. */
  ended_ms: number | null;
  /** HTTP status, or what became of the answer; null: not answered yet. */
  answer: number | string | null;
  code?: number;
  /** The wamid, when it was taken. */
  id?: string;
}

const Moment = Type.Optional(
  Type.String({ pattern: '^[0-9]{1,15}$', description: 'Milliseconds since the epoch.' }),
);
export const StatisticsAsked = Type.Object({ from: Moment, to: Moment }, { additionalProperties: false });
export type StatisticsAsked = Static<typeof StatisticsAsked>;

export interface NumberStatistics {
  phone_number_id: string;
  calls: number;
  first_ms: number;
  last_ms: number;
  /** The most that arrived in any second, wherever it begins. */
  most_in_1s: number;
  /** The fewest in any ten seconds between `from` and `to`; null: there are not ten. */
  least_in_10s: number | null;
  /** Calls that came while another for the same customer was under way. */
  overlapping: number;
  answers: { [answer: string]: number };
  /** Refusals by Meta's code. */
  codes: { [code: string]: number };
}

const SECOND_MS = 1000;
const TEN_SECONDS_MS = 10_000;

export function listCalls(sim: Simulation, after: number, limit: number): CallView[] {
  return sim.calls.page(after, limit).map(viewOf);
}

/** What each number was asked to send between two moments; without them, since the first and until the last of its calls. */
export function readStatistics(sim: Simulation, { from, to }: StatisticsAsked): NumberStatistics[] {
  const [since, until] = [Number(from ?? 0), Number(to ?? Infinity)];
  const byNumber = new Map<string, SendCall[]>();
  for (const call of sim.calls.page(0, Infinity)) {
    if (call.arrivedAt < since || call.arrivedAt > until) continue;
    const calls = byNumber.get(call.number);
    if (calls) calls.push(call);
    else byNumber.set(call.number, [call]);
  }
  return [...byNumber].map(([number, calls]) => {
    const first = calls[0]?.arrivedAt ?? 0;
    const last = calls.at(-1)?.arrivedAt ?? 0;
    const arrivals = calls.map((call) => call.arrivedAt);
    const span = { from: from === undefined ? first : since, to: to === undefined ? last : until };
    return {
      phone_number_id: number,
      calls: calls.length,
      first_ms: first,
      last_ms: last,
      most_in_1s: mostWithin(arrivals, SECOND_MS),
      least_in_10s: leastWithin(arrivals, TEN_SECONDS_MS, span),
      overlapping: overlapping(calls),
      answers: counted(calls, (call) => call.answer ?? 'under way'),
      codes: counted(calls, (call) => call.code),
    };
  });
}

/** The most of some moments, in their order, that lie within `ms` of each other. */
export function mostWithin(moments: readonly number[], ms: number): number {
  let most = 0;
  let oldest = 0;
  for (const [i, moment] of moments.entries()) {
    while (moment - (moments[oldest] ?? moment) >= ms) oldest++;
    most = Math.max(most, i - oldest + 1);
  }
  return most;
}

/** The fewest in any `ms` of a span. Fewest are in a window that begins with the span, or just after one of the moments. */
export function leastWithin(
  moments: readonly number[],
  ms: number,
  { from, to }: { from: number; to: number },
): number | null {
  if (to - from < ms) return null;
  const within = moments.filter((moment) => moment >= from && moment <= to);
  let least = Infinity;
  let next = 0;
  for (const [i, begin] of [from - 1, ...within].entries()) {
    if (begin + ms > to) break;
    while (next < within.length && (within[next] ?? 0) <= begin + ms) next++;
    least = Math.min(least, next - countUpTo(within, i, begin));
  }
  return least;
}

// How many moments lie at `begin` or before; the first `i` do.
function countUpTo(moments: readonly number[], i: number, begin: number): number {
  let count = i;
  while (count < moments.length && (moments[count] ?? 0) <= begin) count++;
  return count;
}

function overlapping(calls: readonly SendCall[]): number {
  const busyUntil = new Map<string, number>();
  let count = 0;
  for (const { to, arrivedAt, endedAt = Infinity } of calls) {
    const until = busyUntil.get(to) ?? 0;
    if (arrivedAt < until) count++;
    busyUntil.set(to, Math.max(until, endedAt));
  }
  return count;
}

function counted(
  calls: readonly SendCall[],
  what: (call: SendCall) => number | string | undefined,
): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const call of calls) {
    const name = what(call);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function viewOf({ seq, number, to, token, arrivedAt, endedAt, answer, code, wamid }: SendCall): CallView {
  return {
    seq,
    phone_number_id: number,
    to,
    ...(token === undefined ? {} : { biz_opaque_callback_data: token }),
    arrived_ms: arrivedAt,
    ended_ms: endedAt ?? null,
    answer: answer ?? null,
    ...(code === undefined ? {} : { code }),
    ...(wamid === undefined ? {} : { id: wamid }),
  };
}
