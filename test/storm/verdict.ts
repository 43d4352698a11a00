// What the ledger of the receivers and the rows of the gateway say together. Pure; each finding names the promise and the delivery.
import type { StormPlan } from './plan.ts';
import { RETRY_AFTER_MS, type Manner, type Request } from './receivers.ts';

export interface PostRecord {
  events: string[];
  askedAt: number;
  /** Answered 200. */
  takenAt: number;
  times: number;
}

export interface Kill {
  at: number;
  /** It takes requests again. */
  backAt: number;
  /** What the killed node had in hand and had not written down: `<receiver> <event>`. */
  inHand: string[];
}

export interface DeliveryRow {
  receiver: number;
  id: string;
  state: 'pending' | 'succeeded' | 'dead';
  attempt: number;
  /** Something is still to be done. */
  waits: boolean;
  /** Why its subscription was turned off, if it was. */
  off: string | null;
  tries: { at: string; ms: number; status?: number; error?: string }[];
}

export interface Evidence {
  plan: StormPlan;
  posts: readonly PostRecord[];
  kills: readonly Kill[];
  /** When the DELETE was answered. */
  removedAt: number | undefined;
  requests: readonly Request[];
  /** Of all that are not well. */
  rows: readonly DeliveryRow[];
  died: boolean;
}

export interface Finding {
  promise: string;
  about: string;
}

export interface Verdict {
  findings: Finding[];
  figures: {
    requests: number;
    /** Tries of healthy ones that were answered. */
    told: number;
    /** Deliveries that were heard again after a 2xx. */
    duplicates: number;
    inFlightAtKills: number;
    /** How long before the kill the oldest duplicate had been answered. */
    oldestDuplicateMs: number;
    p50Ms: number;
    p99Ms: number;
    /** Of how many the delay was measured; the others met a kill. */
    measured: number;
    /** From each kill until all that had been asked for before the node was back had arrived. */
    caughtUpMs: number[];
    ends: Record<string, Record<string, number>>;
  };
}

/** What was answered is written down soon, however much there is to do. */
const MOMENTS_MS = 10_000;
/** What left the node before the DELETE was answered. */
const ON_THE_WIRE_MS = 1_000;
/** The schedule of the contract; ours is not asked. */
const WAITS_S = [10, 30, 120, 600, 3_600, 21_600, 86_400] as const;
const TRIES_MAX = WAITS_S.length + 1;
const CLOCK_MS = 3;

export function judgeStorm(evidence: Evidence): Verdict {
  const findings: Finding[] = [];
  const find = (promise: string, about: string): void => void findings.push({ promise, about });
  const { plan, requests } = evidence;
  const inOrder = requests.toSorted((a, b) => a.at - b.at);
  const heard = Map.groupBy(inOrder, ({ receiver, event }) => `${receiver} ${event}`);
  if (evidence.died) find('it runs on', 'the gateway ended by itself');
  judgeReached(evidence, heard, find);
  judgeRemoved(evidence, find);
  for (const row of evidence.rows) judgeRow(row, plan, find);
  judgeOff(evidence, find);
  const twice = judgeTwice(evidence, heard, find);
  const delays = measure(evidence, heard);
  return {
    findings,
    figures: {
      requests: requests.length,
      told: requests.filter(({ receiver, status }) => plan.manners[receiver] === 'well' && status === 200)
        .length,
      ...twice,
      ...delays,
      ends: countEnds(evidence),
    },
  };
}

/** What the bad ones may cost the healthy ones: on a machine that has little else to do. */
export function judgeDelay({ p99Ms }: Verdict['figures'], calm: Verdict['figures']): Finding[] {
  if (p99Ms <= Math.max(2 * calm.p99Ms, calm.p99Ms + 250)) return [];
  const about = `p99 is ${p99Ms} ms beside the bad ones, ${calm.p99Ms} ms without them`;
  return [{ promise: 'one bad subscriber never delays another', about }];
}

type Find = (promise: string, about: string) => void;
type Heard = ReadonlyMap<string, readonly Request[]>;

function wellOnes({ manners }: StormPlan): number[] {
  return manners.flatMap((manner, i) => (manner === 'well' ? [i] : []));
}

function isTaken({ status }: Request): boolean {
  return status >= 200 && status < 300;
}

function judgeReached({ plan, posts }: Evidence, heard: Heard, find: Find): void {
  for (const receiver of wellOnes(plan)) {
    const missing = posts
      .flatMap(({ events }) => events)
      .filter((event) => !heard.get(`${receiver} ${event}`)?.some(isTaken));
    if (missing.length > 0)
      find(
        'every event reaches every healthy subscription',
        `receiver ${receiver} (${plan.dialects[receiver]}) never heard of ${missing.length}: ${missing.slice(0, 3).join(', ')}`,
      );
  }
}

// Heard again after it was answered 2xx: only what was in hand when the node was killed, and had been answered a moment before.
function judgeTwice({ plan, kills }: Evidence, heard: Heard, find: Find) {
  let duplicates = 0;
  let inFlightAtKills = 0;
  let oldestDuplicateMs = 0;
  const inHand = kills.map((kill) => new Set(kill.inHand));
  for (const [name, all] of heard) {
    const first = all.find(isTaken);
    if (!first) continue;
    // What it had sent may still be on the wire when it is dead.
    const met = kills.filter(({ backAt }, i) => first.at <= backAt && inHand[i]?.has(name));
    inFlightAtKills += met.length;
    const again = all.filter((one) => one.at > first.endedAt);
    if (again.length === 0) continue;
    duplicates++;
    const lagMs = Math.min(...met.map(({ at }) => Math.max(0, at - first.endedAt)));
    if (met.length > 0) oldestDuplicateMs = Math.max(oldestDuplicateMs, lagMs);
    // What the first repetition found failing is tried on as the schedule says.
    const mayBe = plan.manners[first.receiver] === 'failing' ? Infinity : met.length;
    if (met.length === 0 || again.length > mayBe || lagMs > MOMENTS_MS)
      find(
        'told again only what was in flight at a kill',
        `${name} (${plan.manners[first.receiver]}): ${all.map((one) => `${one.status} from ${one.at} to ${one.endedAt}`).join(', ')}; kills at ${kills.map(({ at }) => at).join(', ')}`,
      );
  }
  return { duplicates, inFlightAtKills, oldestDuplicateMs };
}

function judgeRemoved({ plan, requests, removedAt }: Evidence, find: Find): void {
  if (removedAt === undefined) return;
  const late = requests.filter(
    (one) => plan.manners[one.receiver] === 'removed' && one.at > removedAt + ON_THE_WIRE_MS,
  );
  if (late.length > 0)
    find(
      'what was taken away hears nothing more',
      `${late.length} requests, the last ${Math.max(...late.map(({ at }) => at)) - removedAt} ms after its DELETE was answered`,
    );
}

/** What waits for a subscription that was turned off. */
const OFF = /^\d+ deliveries in a row failed; the last one: refused/;

const ENDS: Record<Manner, (row: DeliveryRow) => boolean> = {
  well: () => true,
  removed: () => true,
  silent: ({ state, waits, tries }) =>
    tries.every(({ error }) => error === 'timeout') &&
    (state === 'dead' ? tries.length === TRIES_MAX : waits),
  refusing: ({ state, tries, off }) =>
    tries.every(({ error }) => error === 'refused') &&
    (state === 'dead' ? tries.length === TRIES_MAX : off !== null && OFF.test(off)),
  failing: ({ state, tries }) =>
    state === 'succeeded'
      ? tries.at(-1)?.status === 200
      : state === 'dead' && tries.length === TRIES_MAX && tries.every(({ status }) => status === 500),
  busy: ({ state, tries }) =>
    state === 'succeeded' && tries.slice(0, -1).every(({ status }) => status === 429),
};

function judgeRow(row: DeliveryRow, plan: StormPlan, find: Find): void {
  const manner = plan.manners[row.receiver] ?? 'well';
  const about = `${row.id} (${manner}) is ${row.state} after ${row.attempt} tries${row.waits ? ', and waits' : ''}: ${JSON.stringify(row.tries)}`;
  if (row.tries.length !== row.attempt || !ENDS[manner](row)) find('it ends as the schedule says', about);
  for (const [i, one] of row.tries.entries()) {
    const next = row.tries[i + 1];
    if (!next) return;
    const asked = one.status === 429 ? RETRY_AFTER_MS : 0;
    const leastMs = Math.max(asked, ((WAITS_S[i] ?? 0) * 1_000 * 0.8) / plan.retryScale) - CLOCK_MS;
    const waitedMs = Date.parse(next.at) - Date.parse(one.at) - one.ms;
    if (waitedMs < leastMs) find('no try before its time', `${waitedMs} ms before try ${i + 2} of ${about}`);
  }
}

/** So many dead in a row turn a subscription off; some more may have been under way. */
const DEAD_MAX = 20;
const AT_ONCE_MAX = 32;

function judgeOff({ plan, rows }: Evidence, find: Find): void {
  for (const [receiver, all] of Map.groupBy(rows, (row) => row.receiver)) {
    // What waited for one that was taken away ended with it.
    if (plan.manners[receiver] === 'removed') continue;
    const dead = all.filter(({ state }) => state === 'dead').length;
    const off = all.some((row) => row.off !== null);
    const never = plan.manners[receiver] === 'failing' || plan.manners[receiver] === 'busy';
    if (never ? off : off !== dead >= DEAD_MAX || dead > DEAD_MAX + AT_ONCE_MAX)
      find(
        'twenty dead in a row turn a subscription off',
        `receiver ${receiver} (${plan.manners[receiver]}): ${dead} dead, ${off ? 'off' : 'on'}`,
      );
  }
}

function measure({ plan, posts, kills }: Evidence, heard: Heard) {
  const all = posts.flatMap(({ events, askedAt, takenAt }) =>
    events.flatMap((event) =>
      wellOnes(plan).flatMap((receiver) => {
        const first = heard.get(`${receiver} ${event}`)?.[0];
        return first ? [{ askedAt, arrivedAt: first.at, ms: Math.max(0, first.at - takenAt) }] : [];
      }),
    ),
  );
  const gaps = kills.map(({ at, backAt }) => {
    let until = backAt;
    for (const one of all) if (one.askedAt < backAt && one.arrivedAt > until) until = one.arrivedAt;
    return { at, until };
  });
  const calm = all
    .filter((one) => !gaps.some(({ at, until }) => one.arrivedAt >= at && one.askedAt <= until))
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);
  return {
    p50Ms: calm[Math.floor(calm.length * 0.5)] ?? 0,
    p99Ms: calm[Math.floor(calm.length * 0.99)] ?? 0,
    measured: calm.length,
    caughtUpMs: gaps.map(({ at, until }) => until - at),
  };
}

function countEnds({ plan, rows }: Evidence): Record<string, Record<string, number>> {
  const ends: Record<string, Record<string, number>> = {};
  for (const { receiver, state } of rows) {
    const of = (ends[plan.manners[receiver] ?? ''] ??= {});
    of[state] = (of[state] ?? 0) + 1;
  }
  return ends;
}
