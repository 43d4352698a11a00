// What becomes of a delivery by the receiver's answer: every row of the table of retries, from the event to the last try.
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';

import { systemClock, type Clock } from '../../src/kernel/clock.ts';
import type { SubscriptionId } from '../../src/kernel/ids.ts';
import { startHook } from '../support/hook.ts';
import { startHouse, until } from '../support/house.ts';
import { listen } from '../support/receivers.ts';
import { deliveriesOf, LOOPBACK, settled, subscribe, writes } from '../support/subscriber.ts';
import { dayTurnedByHand } from '../support/turnable-clock.ts';

const ANA = '12025550171';
const TAKEN = [200, 201, 202, 204, 299];
const AGAIN = [301, 302, 303, 304, 307, 308, 408, 429, 500, 502, 503, 504];
const DEAD = [400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 418, 422, 425, 451, 499];
/** All eight tries within a second. */
const HASTY = { config: { ...LOOPBACK, webhookRetryScale: 1e6 } };

test('2xx is a success; 408, 429, 3xx and 5xx are tried again; what else is 4xx is dead at once', async () => {
  await using house = await startHouse({ config: { ...HASTY.config, webhookDeadMax: 100 } });
  await using hook = await startHook();
  await using elsewhere = await startHook();
  const asked = new Set<string | undefined>();
  hook.answer(({ url }, response) => {
    const status = asked.has(url) ? 200 : Number(url?.slice(-3));
    asked.add(url);
    response
      .writeHead(status, { location: elsewhere.url })
      .end(status === 204 || status === 304 ? '' : 'thus');
  });
  const known = new Map<number, SubscriptionId>();
  for (const status of [...TAKEN, ...AGAIN, ...DEAD])
    known.set(status, await subscribe(house, { url: `${hook.url}/${status}` }));
  await writes(house, ANA, 'one');
  for (const [status, id] of known) {
    const [row, ...others] = await settled(house, id);
    expect(others).toEqual([]);
    expect([status, row?.state, row?.due_at]).toEqual([
      status,
      DEAD.includes(status) ? 'dead' : 'succeeded',
      null,
    ]);
    const first = TAKEN.includes(status) || status === 304 ? { status } : { status, detail: 'thus' };
    expect(row?.tries).toMatchObject(AGAIN.includes(status) ? [first, { status: 200 }] : [first]);
  }
  expect(new Set(hook.heard.map((one) => one.body)).size).toBe(1);
  // A redirect is nowhere followed.
  expect(elsewhere.heard).toEqual([]);
});

test('the eight tries and their waits, each give or take 20 %, and then it is dead', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: { ...LOOPBACK, webhookRetryScale: 1 }, clock });
  await using hook = await startHook();
  hook.answer(500);
  const id = await subscribe(house, { url: hook.url });
  await writes(house, ANA, 'one');
  for (const [i, seconds] of [10, 30, 120, 600, 3_600, 21_600, 86_400].entries()) {
    const row = await until(`try ${i + 1}`, async () => {
      const [one] = await deliveriesOf(house, id);
      return one?.attempt === i + 1 && one;
    });
    expect(row.state).toBe('pending');
    const waits = ((row.due_at?.getTime() ?? 0) - clock.now()) / 1_000;
    expect(waits).toBeGreaterThanOrEqual(seconds * 0.8);
    expect(waits).toBeLessThanOrEqual(seconds * 1.2);
    expect(hook.heard).toHaveLength(i + 1);
    clock.turn(waits * 1_000);
  }
  const [row] = await settled(house, id);
  expect(row).toMatchObject({ state: 'dead', attempt: 8, due_at: null });
  expect(row?.tries.map((one) => one.status)).toEqual(Array(8).fill(500));
  expect(new Set(hook.heard.map((one) => one.body)).size).toBe(1);
  expect(new Set(hook.heard.map((one) => one.headers['x-kirim-signature'])).size).toBe(8);
});

describe('Retry-After of 429', () => {
  test.each([
    ['seconds', (now: number) => ['120', now + 120_000] as const],
    [
      'a date',
      (now: number) =>
        [new Date(now + 180_000).toUTCString(), Math.floor((now + 180_000) / 1_000) * 1_000] as const,
    ],
  ])('as %s is waited for', async (_how, asks) => {
    const clock = dayTurnedByHand();
    await using house = await startHouse({ config: LOOPBACK, clock });
    await using hook = await startHook();
    const [retryAfter, due] = asks(clock.now());
    hook.answer((_request, response) => void response.writeHead(429, { 'retry-after': retryAfter }).end());
    const id = await subscribe(house, { url: hook.url });
    await writes(house, ANA, 'one');
    const row = await until('the first try', async () => {
      const [one] = await deliveriesOf(house, id);
      return one?.attempt === 1 && one;
    });
    expect(row).toMatchObject({ state: 'pending', due_at: new Date(due) });
    hook.answer(200);
    clock.turn(due - clock.now());
    expect(await settled(house, id)).toMatchObject([{ state: 'succeeded', attempt: 2 }]);
  });
});

// Where no answer comes: all are tried again, and dead after eight tries, with the reason.
describe('without an answer', () => {
  test('refused', async () => {
    const { port, server } = await aPort();
    await new Promise((resolve) => server.close(resolve));
    expect(await fateAt(`http://127.0.0.1:${port}/hook`)).toEqual(Array(8).fill('refused'));
  });

  test('reset', async () => {
    const { port } = await listen(
      createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    expect(await fateAt(`http://127.0.0.1:${port}/hook`)).toEqual(Array(8).fill('reset'));
  });

  test('no TLS', async () => {
    await using hook = await startHook();
    expect(await fateAt(hook.url.replace('http:', 'https:'))).toEqual(Array(8).fill('tls'));
  });

  test('nothing within ten seconds', async () => {
    await using hook = await startHook();
    hook.answer(() => undefined);
    expect(await fateAt(hook.url, SHORT_SECONDS)).toEqual(Array(8).fill('timeout'));
    expect(hook.heard).toHaveLength(8);
  });

  test('a name that leads nowhere', async () => {
    expect(await fateAt('https://nowhere.invalid/hook')).toEqual(Array(8).fill('dns'));
  });
});

/** Ten seconds pass as fifty milliseconds. */
const SHORT_SECONDS: Clock = {
  ...systemClock,
  after: (delayMs, act) => systemClock.after(delayMs === 10_000 ? 50 : delayMs, act),
};

async function fateAt(url: string, clock: Clock = systemClock): Promise<unknown[]> {
  await using house = await startHouse({ ...HASTY, clock });
  const id = await subscribe(house, { url });
  await writes(house, ANA, 'one');
  const [row] = await settled(house, id);
  expect(row).toMatchObject({ state: 'dead', attempt: 8, due_at: null });
  return row?.tries.map((one) => one.error) ?? [];
}

async function aPort(): Promise<{ port: number; server: ReturnType<typeof createServer> }> {
  const server = createServer();
  const { port } = await listen(server);
  return { port, server };
}
