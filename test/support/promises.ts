// The promises of a send as a small model, and the commands that try to break them: sends, repeats, withdrawals, crashes, lost answers, noes,
// webhooks held and doubled, time. The model knows what was asked and answered; the judge compares it with what Meta took and what we say.
import fc from 'fast-check';
import { expect } from 'vitest';

import type { FaultAsked } from '../../simulator/control/fault-schema.ts';
import { PHONE_NUMBER_ID } from './house.ts';
import type { VirtualHouse } from './virtual-house.ts';

/** One key and what was asked with it. */
interface Asked {
  key: string;
  to: string;
  text: string;
  /** Those to the same recipient that were answered 2xx before this was first asked. */
  behind: Asked[];
  answer: 'none yet' | 'accepted' | 'not accepted' | 'unclear';
  id: string | undefined;
  withdrawn: boolean;
  /** The furthest status that was shown. */
  rank: number;
}

/** What has been promised so far. */
export interface Promised {
  run: number;
  asked: Asked[];
}

export interface World {
  house: VirtualHouse;
  /** Requests, until their answers are judged. */
  waiting: Set<Promise<void>>;
}

const RECIPIENTS = 3;
const RANKS = ['queued', 'pending', 'delivery_unknown', 'sent', 'failed', 'delivered', 'read'];
const FIRST_NUMBER = 12_025_600_000;

type Step = fc.AsyncCommand<Promised, World>;

function step(
  name: string,
  run: (model: Promised, world: World) => Promise<void>,
  check?: (model: Promised) => boolean,
): Step {
  return {
    check: (model) => check?.(model) ?? true,
    async run(model, world) {
      await run(model, world);
      await world.house.still();
      await look(model, world);
    },
    toString: () => name,
  };
}

const to = fc.nat({ max: RECIPIENTS - 1 });
const which = fc.nat({ max: 20 });
const some = (model: Promised): boolean => model.asked.length > 0;

const FAULTS: { readonly [name: string]: FaultAsked['effect'] } = {
  'answer lost': { kind: 'lost_answer', how: 'reset' },
  'not taken': { kind: 'not_taken', how: 'reset' },
  'half an answer': { kind: 'truncated' },
  '5xx of Meta': { kind: 'graph_error', code: 131016, http: 500 },
  '5xx of a proxy': { kind: 'http_error', status: 502, taken: true },
  'slow answer': { kind: 'delay', ms: 8_000 },
  'slow taking': { kind: 'delay', ms: 8_000, before: true },
  'no answer': { kind: 'lost_answer', how: 'timeout' },
  '429': { kind: 'rate_limit', bucket: 'throughput' },
  'status twice': { kind: 'duplicate', n: 2 },
  'status out of order': { kind: 'reorder' },
};

const send = fc
  .tuple(to, fc.constantFrom('normal', 'high', 'bulk'), fc.boolean())
  .map(([n, priority, waits]) =>
    step(`send(${n},${priority},${waits})`, async (model, world) => {
      const asked = newAsked(model, recipientOf(model, n));
      model.asked.push(asked);
      ask(world, asked, { 'kurir-priority': priority, prefer: waits ? 'wait=5' : 'respond-async' });
    }),
  );
const fault = fc.tuple(to, fc.constantFrom(...Object.entries(FAULTS))).map(([n, [name, effect]]) =>
  step(`${name}(${n})`, async (model, { house }) => {
    house.simulator.control.putFault({ match: { to: recipientOf(model, n) }, effect, times: 1 });
  }),
);
const time = fc
  .constantFrom(1, 4, 12, 45)
  .map((seconds) => step(`time(${seconds} s)`, async (_, { house }) => house.pass(seconds * 1_000)));

/** All that may happen, as often as it stands here. */
export const STEPS: fc.Arbitrary<Step>[] = [
  send,
  send,
  send,
  send,
  send,
  fault,
  fault,
  fault,
  time,
  time,
  which.map((n) =>
    step(`repeat(${n})`, async (model, world) => ask(world, at(model, n), { prefer: 'respond-async' }), some),
  ),
  which.map((n) =>
    step(`repeat(${n},other body)`, (model, { house }) => repeatOtherwise(house, at(model, n)), some),
  ),
  which.map((n) => step(`withdraw(${n})`, (model, { house }) => withdraw(house, at(model, n)), some)),
  fc
    .boolean()
    .map((held) =>
      step(
        `webhooks held(${held})`,
        async (_, { house }) => void house.simulator.control.setWebhooks({ held }),
      ),
    ),
  fc.constant(
    step('crash', async (_, { house }) => {
      await house.node.crash();
      await house.revive();
    }),
  ),
  fc.constant(step('links cut', async (_, { house }) => house.node.wire.cut())),
];

function recipientOf({ run }: Promised, n: number): string {
  return `${FIRST_NUMBER + run * RECIPIENTS + n}`;
}

function newAsked({ run, asked }: Promised, recipient: string): Asked {
  const behind = asked.filter((one) => one.to === recipient && one.answer === 'accepted');
  const name = `${run}-${asked.length}`;
  return {
    key: name,
    to: recipient,
    text: name,
    behind,
    answer: 'none yet',
    id: undefined,
    withdrawn: false,
    rank: 0,
  };
}

function at(model: Promised, n: number): Asked {
  const asked = model.asked[n % model.asked.length];
  if (!asked) throw new Error('Nothing was asked yet.');
  return asked;
}

async function repeatOtherwise(house: VirtualHouse, asked: Asked): Promise<void> {
  if (asked.answer !== 'accepted') return;
  const reply = await house.sendText(`+${asked.to}`, 'another text', { 'idempotency-key': asked.key });
  expect(reply.status, reply.text).toBe(422);
}

async function withdraw(house: VirtualHouse, asked: Asked): Promise<void> {
  if (asked.id === undefined) return;
  const reply = await house.request('DELETE', `/v1/${PHONE_NUMBER_ID}/messages/${asked.id}`);
  expect([200, 409, 503], reply.text).toContain(reply.status);
  if (reply.status === 200) asked.withdrawn = true;
}

// What is asked is not waited for: it may wait for time to pass.
function ask({ house, waiting }: World, asked: Asked, headers: Record<string, string>): void {
  const answered = house
    .sendText(`+${asked.to}`, asked.text, { ...headers, 'idempotency-key': asked.key })
    .then((reply) => {
      if (reply.status === 200) {
        const { id } = reply.body.data;
        if (asked.id !== undefined) expect(id, `the message of key ${asked.key}`).toBe(asked.id);
        asked.answer = 'accepted';
        asked.id = id;
      } else if (asked.answer !== 'accepted') {
        expect([429, 503], reply.text).toContain(reply.status);
        // Once unclear, a later no does not say what became of it.
        if (asked.answer !== 'unclear')
          asked.answer = /unknown/.test(reply.text) ? 'unclear' : 'not accepted';
      }
      return undefined;
    })
    .catch((error: unknown) => {
      // A crash takes the connection with it; what an expectation says is no such thing.
      if (!(error instanceof TypeError)) throw error;
      if (asked.answer !== 'accepted') asked.answer = 'unclear';
    });
  // Kept to the end: what it found wrong is told by the judge.
  answered.catch(() => undefined);
  waiting.add(answered);
}

// Statuses only go forward, but for what was not known.
async function look(model: Promised, { house }: World): Promise<void> {
  for (const asked of model.asked) {
    if (asked.id === undefined) continue;
    const { body, status, text } = await house.request('GET', `/v1/messages/${asked.id}`);
    if (status === 503) continue;
    expect(status, text).toBe(200);
    const shown = body.data.error?.code === 'delivery_unknown' ? 'delivery_unknown' : body.data.status;
    const rank = RANKS.indexOf(shown);
    expect(rank, `${asked.key}: ${shown} after ${RANKS[asked.rank]}`).toBeGreaterThanOrEqual(
      asked.rank === 1 ? 0 : asked.rank,
    );
    asked.rank = rank;
  }
}

/** Lets everything come to its end, and compares what was promised with what Meta took. */
export async function judge(model: Promised, world: World): Promise<void> {
  const { house, waiting } = world;
  house.simulator.control.clearFaults();
  house.simulator.control.setWebhooks({ held: false });
  await house.pass(900_000);
  await Promise.all(waiting);
  waiting.clear();
  await look(model, world);
  const taken = house.simulator.control
    .messages({ direction: 'outbound' }, 1_000)
    .toSorted((one, other) => one.seq - other.seq)
    .map((message) => message.text);
  for (const asked of model.asked) {
    const places = taken.flatMap((text, place) => (text === asked.text ? [place] : []));
    const shown = RANKS[asked.rank];
    const about = `${asked.key} (${asked.answer}, ${shown}) at Meta: ${places.length}`;
    expect(places.length, `at most once: ${about}`).toBeLessThanOrEqual(1);
    if (asked.answer === 'not accepted') expect(places.length, `not accepted: ${about}`).toBe(0);
    if (asked.withdrawn) expect(places.length, `withdrawn: ${about}`).toBe(0);
    if (asked.answer === 'accepted') {
      expect(shown, `settled: ${about}`).toMatch(/^(delivery_unknown|sent|failed|delivered|read)$/);
      expect(['sent', 'delivered', 'read'].includes(String(shown)), `as Meta’s ledger says: ${about}`).toBe(
        places.length === 1,
      );
    }
    for (const before of asked.behind) {
      const first = taken.indexOf(before.text);
      if (first >= 0 && places[0] !== undefined)
        expect(first, `${before.key} goes before ${asked.key}`).toBeLessThan(places[0]);
    }
  }
}
