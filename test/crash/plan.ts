// What a run will do, all of it drawn from its seed: who is written to, in which words and ways, how Meta behaves, and what is killed
// when. The same seed gives the same plan; what the machine makes of it differs a little each time.
import { seededRandom, type Random } from '../../src/kernel/random.ts';
import type { SimulatorSettings } from '../../simulator/settings.ts';

export type Policy = 'fail' | 'resend';

/** What the caller may fix; the seed decides the rest. */
export interface PlanOptions {
  seed: number;
  sends: number;
  /** kill -9 of a node. */
  kills?: number;
  policy?: Policy | undefined;
  nodes?: 1 | 2 | undefined;
  webhooks?: 'through' | 'held' | undefined;
}

export interface PlannedSend {
  key: string;
  number: string;
  to: string;
  text: string;
  dialect: 'kirim' | 'graph';
  headers: Record<string, string>;
  /** Asked twice in the same moment. */
  twice: boolean;
}

type Blow =
  | { kind: 'kill node'; node: number }
  | { kind: 'kill postgres' }
  | { kind: 'stop node'; node: number; forMs: number }
  | { kind: 'hold webhooks'; forMs: number; delayMs: number };

/** What happens a moment after so many sends have been answered. */
export type Calamity = Blow & { after: number; afterMs: number };

export interface Plan {
  seed: number;
  policy: Policy;
  nodes: 1 | 2;
  /** Whether each status is told without long delay as long as somebody listens. */
  webhooks: 'through' | 'held';
  numbers: string[];
  recipients: Recipient[];
  /** One after the other on the same connection: sends to one recipient, each asked when the one before was answered. */
  bursts: PlannedSend[][];
  /** What customers write meanwhile. */
  writes: PlannedWrite[];
  calamities: Calamity[];
  simulator: SimulatorSettings;
}

/** Told together, after so many sends have been answered. */
export interface PlannedWrite {
  after: number;
  /** How often Meta tells it. */
  times: number;
  layout: 'posts' | 'entries' | 'changes' | 'values';
  messages: { phone: string; number: string; text: string }[];
}

export interface Recipient {
  phone: string;
  number: string;
  reads: boolean;
}

/** The share of calls that Meta takes and whose answer it loses. */
export const ANSWERS_LOST = 0.01;
/** By what the gateway's times are divided, and how long it waits in silence; Meta's webhooks come again far sooner. */
export const TIME_SCALE = 5;
export const UNKNOWN_AFTER_MS = 4_000;
export const LEASE_MS = 15_000 / TIME_SCALE;
const WEBHOOK_RETRY_MS = 150;

const NUMBERS = 10;
const SENDS_PER_RECIPIENT = 18;
const RECIPIENTS_MIN = 60;
// Below the 45 that Meta lends between two: a pause of six seconds a message is not what is tested here.
const SENDS_PER_RECIPIENT_MAX = 40;
const SENDS_PER_WRITE = 15;
const BURST_MAX = 4;
const KILLS = 5;

export function makePlan(options: PlanOptions): Plan {
  const { seed, sends } = options;
  const random = seededRandom(seed);
  const policy = options.policy ?? (seed % 2 === 0 ? 'fail' : 'resend');
  const nodes = options.nodes ?? ((seed >> 1) % 2 === 0 ? 1 : 2);
  const webhooks = options.webhooks ?? ((seed >> 2) % 3 === 2 ? 'held' : 'through');
  const numbers = Array.from({ length: NUMBERS }, (_, i) => `10654035224${2900 + i}`);
  const count = Math.max(RECIPIENTS_MIN, Math.ceil(sends / SENDS_PER_RECIPIENT));
  const recipients = Array.from({ length: count }, (_, i) => ({
    phone: `120255${20_000 + i}`,
    number: numbers[i % NUMBERS] ?? '',
    reads: i % 3 === 0,
  }));
  return {
    seed,
    policy,
    nodes,
    webhooks,
    numbers,
    recipients,
    bursts: burstsOf(recipients, sends, random),
    writes: writesOf(recipients, sends, seededRandom(seed + 2)),
    calamities: calamitiesOf({ sends, nodes, webhooks, kills: options.kills ?? KILLS }, random),
    simulator: simulatorOf({ seed, numbers, recipients }, random),
  };
}

/** A further send, of the kind that makes it clear whether Meta's statuses are heard. */
export function oneMore(plan: Plan, number: string, place: number): PlannedSend {
  const all = plan.recipients.filter((recipient) => recipient.number === number);
  const to = all[place % all.length]?.phone ?? '';
  return plainSend({ phone: to, number, reads: false }, `more-${place}`);
}

function burstsOf(recipients: readonly Recipient[], sends: number, random: Random): PlannedSend[][] {
  const bursts: PlannedSend[][] = [];
  const room = recipients.map((recipient) => ({ recipient, left: SENDS_PER_RECIPIENT_MAX }));
  for (let place = 0; place < sends;) {
    // The first ones are written to more often.
    const at = room[Math.floor(random() ** 1.3 * room.length)];
    if (!at || at.left === 0) continue;
    const length = Math.min(1 + Math.floor(random() * BURST_MAX), at.left, sends - place);
    at.left -= length;
    bursts.push(Array.from({ length }, () => send(at.recipient, place++, random)));
  }
  return bursts;
}

function send(to: Recipient, place: number, random: Random): PlannedSend {
  const plain = plainSend(to, String(place));
  const twice = place % 10 === 0;
  if (random() < 0.1) return { ...plain, dialect: 'graph', twice };
  const priority = random();
  const headers = {
    ...(random() < 0.15 ? { prefer: 'respond-async' } : {}),
    ...(priority < 0.1 ? { 'kurir-priority': 'high' } : priority < 0.2 ? { 'kurir-priority': 'bulk' } : {}),
  };
  return { ...plain, headers, twice };
}

function plainSend({ phone, number }: Recipient, name: string): PlannedSend {
  return {
    key: `send-${name}`,
    number,
    to: phone,
    text: `Pesan ${name}`,
    dialect: 'kirim',
    headers: {},
    twice: false,
  };
}

function writesOf(recipients: readonly Recipient[], sends: number, random: Random): PlannedWrite[] {
  let place = 0;
  return Array.from({ length: Math.ceil(sends / SENDS_PER_WRITE) }, (_, i) => ({
    after: i * SENDS_PER_WRITE,
    times: random() < 0.2 ? 2 : 1,
    layout: pick(['posts', 'entries', 'changes', 'values'], random),
    messages: Array.from({ length: pick([1, 1, 1, 3, 10], random) }, () => {
      const { phone, number } = recipients[Math.floor(random() * recipients.length)] ?? {
        phone: '',
        number: '',
      };
      return { phone, number, text: writtenText(place++) };
    }),
  }));
}

/** By it what customers write during a run is told from what they wrote before. */
export const WRITTEN = 'Tulisan ';

function writtenText(place: number): string {
  return `${WRITTEN}${place}`;
}

function calamitiesOf(
  run: { sends: number; nodes: 1 | 2; webhooks: 'through' | 'held'; kills: number },
  random: Random,
): Calamity[] {
  const first = Math.floor(random() * run.nodes);
  const blows: Blow[] = [{ kind: 'kill postgres' }];
  for (let i = 0; i < run.kills; i++) blows.push({ kind: 'kill node', node: (first + i) % run.nodes });
  // Long enough that the other node takes its lanes.
  const forMs = Math.round(LEASE_MS * (1.2 + random() * 0.8));
  if (run.nodes === 2) blows.push({ kind: 'stop node', node: Math.floor(random() * 2), forMs });
  const delayMs = Math.round(UNKNOWN_AFTER_MS * (1 + random() * 1.5));
  if (run.webhooks === 'held') blows.push({ kind: 'hold webhooks', forMs: 3_000, delayMs });
  return shuffled(blows, random).map((blow, i, all) => ({
    ...blow,
    after: Math.floor(run.sends * (0.05 + (0.88 * (i + random() * 0.8)) / all.length)),
    afterMs: Math.floor(random() * 60),
  }));
}

function simulatorOf(plan: Pick<Plan, 'seed' | 'numbers' | 'recipients'>, random: Random): SimulatorSettings {
  const latencyMs = pick([10, 40, 120], random);
  return {
    seed: plan.seed,
    latencyMs,
    statusDelaysMs: { sent: latencyMs + pick([50, 400, 1_500, 3_500], random), delivered: 80, read: 50 },
    // One a post is Meta's habit.
    webhookBatchSize: pick([1, 1, 10], random),
    webhookRetryMs: Array.from({ length: 2_000 }, () => WEBHOOK_RETRY_MS),
    webhookTimeoutMs: 2_000,
    throughputPerSecond: 200,
    numbers: plan.numbers.map((phoneNumberId, i) => ({
      phoneNumberId,
      displayPhoneNumber: `+62851176000${1_000 + i}`,
      verifiedName: `Kopi Senja ${i}`,
    })),
    // All have just written: a send is answered on Meta's 200.
    phones: plan.recipients.map(({ phone, number, reads }) => ({
      phone: `+${phone}`,
      wroteTo: number,
      wroteMsAgo: 60_000,
      autoRead: reads,
    })),
  };
}

function pick<Value>(values: readonly [Value, ...Value[]], random: Random): Value {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  return values
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
