// The table of outcomes: what becomes of a message by how Meta answers its call, or does not. One case for every row, on a whole house in
// virtual time; the same as values: src/dispatch/settle.test.ts.
import { describe, expect, test } from 'vitest';

import type { CallEffect } from '../../simulator/faults.ts';
import { createMetaClient } from '../../src/meta/client.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { freePort } from '../../src/storage/free-port.ts';
import { until } from '../support/house.ts';
import {
  atMeta,
  becomes,
  comesTo,
  MINUTE,
  post,
  QUIET,
  SECOND,
  show,
  SPARSE,
  witness,
} from '../support/lost-answer.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';
import { startVirtualHouse } from '../support/virtual-house.ts';

const CUSTOMER = '+12025550120';

test('accepted: Meta’s id, and nothing more is waited for', async () => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  const id = await post(house, CUSTOMER);
  const shown = await comesTo(house, id, 'accepted');
  expect(shown).toMatchObject({
    status: 'pending',
    message_id: house.simulator.control.messages({ to: CUSTOMER })[0]?.id,
    attempts: [{ attempt: 1, outcome: 'accepted', provider_code: null, detail: 'Meta took the message.' }],
  });
  expect(shown).not.toHaveProperty('waiting');
});

test('rejected for good: failed, with Meta’s code, and never tried again', async () => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  house.simulator.control.putFault({ effect: { kind: 'graph_error', code: 131_009, http: 400 }, times: 1 });
  const id = await post(house, CUSTOMER);
  expect(await becomes(house, id, 'failed')).toMatchObject({
    error: { provider_code: 131_009 },
    attempts: [
      {
        outcome: 'refused',
        provider_code: 131_009,
        detail: expect.stringMatching(/131009.*not tried again/),
      },
    ],
  });
  await house.pass(2 * MINUTE);
  expect(atMeta(house, CUSTOMER)).toEqual([]);
});

test.each<[string, CallEffect]>([
  ['for now', { kind: 'graph_error', code: 131_057, http: 400 }],
  ['for too many of the number', { kind: 'rate_limit', bucket: 'throughput' }],
  ['for too many to this recipient', { kind: 'rate_limit', bucket: 'pair' }],
  ['for too many of the WABA', { kind: 'rate_limit', bucket: 'waba' }],
  ['for too many of the app', { kind: 'rate_limit', bucket: 'app' }],
])('rejected %s: still ours to send, and tried again', async (_what, effect) => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  house.simulator.control.putFault({ effect, times: 1 });
  const id = await post(house, CUSTOMER);
  await comesTo(house, id, 'refused');
  expect(await becomes(house, id, 'queued')).toMatchObject({ message_id: null });
  await house.pass(MINUTE);
  expect((await comesTo(house, id, 'accepted')).attempts).toMatchObject([
    { attempt: 1, outcome: 'refused', detail: expect.stringMatching(/Tried again at/) },
    { attempt: 2, outcome: 'accepted' },
  ]);
  expect(atMeta(house, CUSTOMER)).toEqual(['Halo']);
});

test('a rate limit: the lane rests, for other recipients as well, and goes on by itself', async () => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  house.simulator.control.putFault({ effect: { kind: 'graph_error', code: 130_429, http: 400 }, times: 1 });
  await comesTo(house, await post(house, CUSTOMER), 'refused');
  await house.still();
  const next = await post(house, '+12025550121');
  await house.still();
  expect((await show(house, next)).status).toBe('queued');
  await house.pass(10 * SECOND);
  await comesTo(house, next, 'accepted');
});

test('5xx with an error that Meta explains: two repeats at the most, and it may have left', async () => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  house.simulator.control.putFault({ effect: { kind: 'graph_error', code: 131_016, http: 500 } });
  const id = await post(house, CUSTOMER);
  await comesTo(house, id, 'refused');
  const waiting = await until('it waits', async () => {
    const shown = await show(house, id);
    return shown.waiting.for === 'retry' && shown;
  });
  expect(waiting.status).toBe('pending');
  await house.pass(2 * MINUTE);
  const shown = await becomes(house, id, 'failed');
  expect(shown).toMatchObject({ error: { provider_code: 131_016 } });
  expect(shown.attempts).toHaveLength(3);
});

test.each<[string, boolean, CallEffect]>([
  ['5xx without Meta’s error, not taken', false, { kind: 'http_error', status: 502 }],
  ['5xx without Meta’s error, taken', true, { kind: 'http_error', status: 502, taken: true }],
  ['half of the answer', true, { kind: 'truncated' }],
  ['200 with something else', false, { kind: 'http_error', status: 200 }],
  ['a reset before Meta took it', false, { kind: 'not_taken', how: 'reset' }],
  ['a reset after Meta took it', true, { kind: 'lost_answer', how: 'reset' }],
  ['a time-out, not taken', false, { kind: 'not_taken', how: 'timeout' }],
  ['a time-out, taken', true, { kind: 'lost_answer', how: 'timeout' }],
  ['headers that come too late', true, { kind: 'delay', ms: 30 * SECOND }],
  ['an error that is no plain no', false, { kind: 'graph_error', code: 131_201, http: 400 }],
])('%s: unknown, and not repeated', async (_what, taken, effect) => {
  await using house = await startVirtualHouse({ simulator: QUIET });
  house.simulator.control.putFault({ effect, times: 1 });
  const id = await post(house, CUSTOMER);
  await until('the call', async () => house.simulator.control.faults()[0]?.hits === 1);
  await house.pass(25 * SECOND);
  expect(await show(house, id)).toMatchObject({
    status: 'pending',
    message_id: null,
    waiting: { for: 'status' },
  });
  await house.pass(2 * MINUTE);
  expect(atMeta(house, CUSTOMER)).toEqual(taken ? ['Halo'] : []);
  expect((await show(house, id)).attempts).toHaveLength(1);
});

test('200 without an id: unknown', async () => {
  await using meta = await startMetaByHand();
  meta.react(() => ({ kind: 'say', body: { messaging_product: 'whatsapp', messages: [] } }));
  await using house = await startVirtualHouse({ simulator: QUIET, config: { graphUrl: meta.url } });
  const id = await post(house, CUSTOMER);
  expect((await comesTo(house, id, 'unknown')).attempts).toMatchObject([
    { detail: expect.stringMatching(/without a message id.*not known/) },
  ]);
});

test('the connection is refused: it never left, is still ours to send, and goes when Meta is there again', async () => {
  const port = await freePort();
  await using house = await startVirtualHouse({
    simulator: QUIET,
    config: { graphUrl: `http://127.0.0.1:${port}` },
  });
  const id = await post(house, CUSTOMER);
  await comesTo(house, id, 'not_sent');
  expect(await becomes(house, id, 'queued')).toMatchObject({
    waiting: { for: 'retry' },
    attempts: [{ detail: expect.stringMatching(/It did not leave: the connection was refused/) }],
  });
  await using meta = await startMetaByHand(port);
  await house.pass(MINUTE);
  await comesTo(house, id, 'accepted');
  expect(meta.calls).toHaveLength(1);
});

describe('the lease is over', () => {
  test('when the call is due: it never left, and goes after the next heartbeat', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    house.node.clock.sleep();
    await house.pass(12 * SECOND);
    const id = await post(house, CUSTOMER);
    await comesTo(house, id, 'not_sent');
    expect(atMeta(house, CUSTOMER)).toEqual([]);
    house.node.clock.wake();
    await house.pass(10 * SECOND);
    await comesTo(house, id, 'accepted');
    expect(atMeta(house, CUSTOMER)).toEqual(['Halo']);
  });

  test('when a connection comes free at last: calls that queued behind a slow one do not leave', async () => {
    await using meta = await startMetaByHand();
    const client = createMetaClient({
      graphUrl: meta.url,
      connections: 1,
      timeoutMs: 20_000,
      clock: systemClock,
    });
    let ours = true;
    const call = { accessToken: 'token', path: '106540352242922/messages', body: { to: CUSTOMER } };
    meta.react(() => ({ kind: 'hold' }));
    const first = client.send(call, () => ours);
    const second = client.send(call, () => ours);
    await until('the first call', async () => meta.calls.length === 1);
    ours = false;
    meta.letGo();
    expect([await first, await second]).toMatchObject([{ kind: 'accepted' }, { kind: 'not sent' }]);
    expect(meta.calls).toHaveLength(1);
    await client.close();
  });
});

describe('what delivery_unknown says', () => {
  test('is Meta’s no, where that was the last word and proves nothing', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET, config: { times: SPARSE } });
    house.simulator.control.putFault({ effect: { kind: 'graph_error', code: 131_201, http: 400 }, times: 1 });
    const id = await post(house, CUSTOMER);
    await comesTo(house, id, 'refused');
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    expect((await becomes(house, id, 'failed')).error).toEqual({
      code: 'delivery_unknown',
      provider_code: 131_201,
      message: expect.stringMatching(/^Meta said 131201 \(/),
    });
  });

  test('is that the answer was lost, where it was lost after such a no', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET, config: { times: SPARSE } });
    house.simulator.control.putFault({ effect: { kind: 'graph_error', code: 131_016, http: 503 }, times: 1 });
    const id = await post(house, CUSTOMER);
    await comesTo(house, id, 'refused');
    house.simulator.control.putFault({ effect: { kind: 'not_taken', how: 'reset' }, times: 1 });
    await house.pass(30 * SECOND);
    await comesTo(house, id, 'unknown');
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    expect((await becomes(house, id, 'failed')).error).toMatchObject({
      code: 'delivery_unknown',
      provider_code: null,
      message: expect.stringMatching(/answer was lost/),
    });
  });
});
