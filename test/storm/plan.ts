// What a storm will be, all of it drawn from its seed: who subscribes in which dialect and how he behaves, what customers write in which
// posts of Meta's, and when the node is killed.
import { seededRandom } from '../../src/kernel/random.ts';
import { WEBHOOK_DIALECTS, type WebhookDialect } from '../../src/webhooks/telling.ts';
import type { Manner } from './receivers.ts';

export interface StormOptions {
  seed: number;
  events: number;
  subscriptions: number;
  kills: number;
  /** By what the waits between tries are divided. */
  retryScale: number;
  /** Events that customers write in a second, on the average. */
  rate: number;
}

/** One POST of Meta's: so long after the beginning. */
export interface PlannedPost {
  atMs: number;
  events: { wamid: string; from: string }[];
}

export interface StormPlan extends StormOptions {
  manners: Manner[];
  dialects: WebhookDialect[];
  posts: PlannedPost[];
  /** So long after the beginning. */
  killsAtMs: number[];
  removeAtMs: number;
}

/** Of each fifty. */
const BAD: readonly [Manner, number][] = [
  ['silent', 5],
  ['failing', 5],
  ['busy', 5],
  ['refusing', 2],
  ['removed', 1],
];
const CUSTOMERS = 200;
const BATCHES = [1, 1, 1, 2, 5, 20] as const;
/** The share of events that come at once, in the middle. */
const BURST = 0.1;

export function planStorm(options: StormOptions): StormPlan {
  const { events, subscriptions, rate, seed, kills } = options;
  const random = seededRandom(seed);
  const bad = BAD.flatMap(([manner, of50]) =>
    Array.from({ length: Math.max(1, Math.round((of50 * subscriptions) / 50)) }, () => manner),
  );
  const manners: Manner[] = [
    ...Array.from({ length: subscriptions - bad.length }, () => 'well' as const),
    ...bad,
  ];
  const spanMs = (events / rate) * 1_000;
  const posts: PlannedPost[] = [];
  const burstAt = Math.floor(events * (0.4 + 0.2 * random()));
  const burst = Math.floor(events * BURST);
  for (let place = 0; place < events;) {
    const size = Math.min(BATCHES[Math.floor(random() * BATCHES.length)] ?? 1, events - place);
    const isBurst = place >= burstAt && place < burstAt + burst;
    posts.push({
      atMs: ((isBurst ? burstAt : place) / events) * spanMs,
      events: Array.from({ length: size }, (_, i) => ({
        wamid: `wamid.S${seed}E${place + i}`,
        from: `1202556${1_000 + Math.floor(random() * CUSTOMERS)}`,
      })),
    });
    place += size;
  }
  const burstAtMs = (burstAt / events) * spanMs;
  return {
    ...options,
    manners,
    dialects: manners.map((_, i) => WEBHOOK_DIALECTS[i % WEBHOOK_DIALECTS.length] ?? 'kirim'),
    posts,
    // One of them while the burst goes out.
    killsAtMs: Array.from({ length: kills }, (_, i) =>
      i === Math.floor(kills / 2)
        ? burstAtMs + 100 + random() * 900
        : spanMs * ((i + 0.3 + 0.4 * random()) / kills),
    ).toSorted((a, b) => a - b),
    removeAtMs: spanMs * (0.6 + 0.1 * random()),
  };
}
