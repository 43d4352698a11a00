// Faults: each effect does what it says, to what it matches, as often as it may.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../src/kernel/clock.ts';
import type { FaultAsked } from './control/fault-schema.ts';
import type { Effect } from './faults.ts';
import { parts } from './json-parts.ts';
import { startSimulator, type Simulator } from './simulator.ts';
import { control, errorOf, graph, NUMBER, send, sendText, TOKEN, wamidOf } from './testing/client.ts';
import { isSigned, startReceiver, type Receiver } from './testing/receiver.ts';
import { VirtualClock } from './virtual-clock.ts';

interface House extends AsyncDisposable {
  receiver: Receiver;
  simulator: Simulator;
  fault(effect: Effect, more?: Partial<FaultAsked>): void;
}

async function startHouse(): Promise<House> {
  const receiver = await startReceiver();
  const simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
  return {
    receiver,
    simulator,
    fault: (effect, more = {}) => void simulator.control.putFault({ effect, ...more }),
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const accepted = ({ simulator }: House): number =>
  simulator.control.messages({ direction: 'outbound' }).length;

test('graph_error: Meta’s words for a code, with another status if asked, and not taken', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'graph_error', code: 131016 });
  const answer = await sendText(house.simulator);
  expect(answer.status).toBe(500);
  expect(errorOf(answer)).toMatchObject({ message: '(#131016) Service unavailable', code: 131016 });
  house.simulator.control.clearFaults();
  house.fault({ kind: 'graph_error', code: 4, http: 429, details: 'slow down', retry_after_s: 7 });
  const limited = await sendText(house.simulator);
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
  expect(accepted(house)).toBe(0);
});

test('graph_error, taken: Meta says no and sends all the same', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'graph_error', code: 131000, taken: true });
  expect((await sendText(house.simulator)).status).toBe(500);
  await house.receiver.until(2);
  expect(house.simulator.control.messages({ direction: 'outbound' })).toMatchObject([
    { status: 'delivered', reply: 'error' },
  ]);
});

test('http_error: an answer that is no Graph JSON', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'http_error', status: 502 });
  const answer = await sendText(house.simulator);
  expect(answer.status).toBe(502);
  expect(answer.text).toContain('<html>');
  expect(accepted(house)).toBe(0);
});

test('webhook_error: taken, then failed', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'webhook_error', code: 130429 });
  expect((await sendText(house.simulator)).status).toBe(200);
  await house.receiver.until(1);
  expect(house.receiver.statuses()).toMatchObject([{ status: 'failed', errors: [{ code: 130429 }] }]);
});

test('lost_answer: taken, and the caller never hears', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'lost_answer', how: 'reset' }, { times: 1 });
  await expect(sendText(house.simulator)).rejects.toThrow('fetch failed');
  house.fault({ kind: 'lost_answer', how: 'timeout' }, { times: 1 });
  const body = { messaging_product: 'whatsapp', to: '628111111111', text: { body: 'x' } };
  const hung = fetch(`${house.simulator.url}/v24.0/${NUMBER}/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer EAASimulatedToken', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(200),
  });
  await expect(hung).rejects.toThrow('timeout');
  expect(house.simulator.control.messages({ direction: 'outbound' }).map((one) => one.reply)).toEqual([
    'reset',
    'swallowed',
  ]);
  await house.receiver.until(4);
});

test('not_taken: a reset before anything was done', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'not_taken', how: 'reset' }, { times: 1 });
  await expect(sendText(house.simulator)).rejects.toThrow('fetch failed');
  expect(accepted(house)).toBe(0);
  expect((await sendText(house.simulator)).status).toBe(200);
});

test('truncated: taken, and half an answer', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'truncated' });
  await expect(sendText(house.simulator)).rejects.toThrow('terminated');
  expect(accepted(house)).toBe(1);
});

test('delay: the answer is late, or everything is', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'delay', ms: 100 });
  const started = performance.now();
  let answered = false;
  const pending = sendText(house.simulator).finally(() => (answered = true));
  await house.simulator.control.wait({ match: { direction: 'outbound' } });
  expect(answered).toBe(false);
  await pending;
  expect(performance.now() - started).toBeGreaterThanOrEqual(99);
  house.simulator.control.clearFaults();
  house.fault({ kind: 'delay', ms: 50, before: true });
  const held = sendText(house.simulator);
  expect(accepted(house)).toBe(1);
  await held;
  expect(accepted(house)).toBe(2);
});

/** Sends over a bare socket; what has arrived so far, and whether the connection is over. */
function sendBare({ port }: Simulator): { text: string; over: boolean } {
  const seen = { text: '', over: false };
  const body = '{"messaging_product":"whatsapp","to":"628111111111","text":{"body":"x"}}';
  const head = `POST /v24.0/${NUMBER}/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json`;
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`${head}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
  });
  socket.setEncoding('utf8').on('data', (text: string) => (seen.text += text));
  socket.on('close', () => (seen.over = true));
  return seen;
}

test.each([
  ['headers', /^HTTP\/1\.1 200 OK\r\n(?!.*\r\n\r\n)/s],
  ['body', /\r\n\r\n\{"mes[^}]*$/],
] as const)('trickle: the %s drop by drop, whole in the end', async (part, first) => {
  const clock = new VirtualClock(systemClock);
  clock.set(0);
  await using simulator = await startSimulator({ clock, windowEnforced: false });
  simulator.control.putFault({ effect: { kind: 'trickle', part, ms: 3000 } });
  const seen = sendBare(simulator);
  await expect.poll(() => seen.text).toMatch(first);
  const before = seen.text.length;
  await clock.advance(2900, async () => undefined);
  await expect.poll(() => seen.text.length).toBeGreaterThan(before);
  expect(seen.over).toBe(false);
  await clock.advance(100, async () => undefined);
  await expect.poll(() => seen.over).toBe(true);
  const [, body = ''] = seen.text.split('\r\n\r\n');
  expect(JSON.parse(body)).toMatchObject({ messages: [{ id: simulator.control.messages({}, 1)[0]?.id }] });
});

test('latency: the same for all, spread as asked, also while it runs', async () => {
  const clock = new VirtualClock(systemClock);
  clock.set(0);
  await using simulator = await startSimulator({ clock, windowEnforced: false });
  const ahead = (ms: number): Promise<number> => clock.advance(ms, async () => undefined);
  await sendText(simulator);
  expect((await control(simulator, 'PUT /latency', { ms: 1000, spread_ms: 500 })).json).toEqual({
    ms: 1000,
    spread_ms: 500,
  });
  const answers = Array.from({ length: 10 }, () => sendText(simulator));
  await expect.poll(() => simulator.control.calls()).toHaveLength(11);
  await ahead(999);
  expect(simulator.control.calls().filter((one) => one.ended_ms === null)).toHaveLength(10);
  await ahead(501);
  expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
  simulator.control.reset();
  expect((await sendText(simulator)).status).toBe(200);
});

test.each([
  ['throughput', 130429],
  ['pair', 131056],
  ['app', 4],
  ['waba', 80007],
] as const)('rate_limit of the %s: %i, with 400 as Meta has it, or as asked', async (bucket, code) => {
  await using house = await startHouse();
  house.fault({ kind: 'rate_limit', bucket }, { times: 1 });
  const plain = await sendText(house.simulator);
  expect([plain.status, errorOf(plain)['code']]).toEqual([400, code]);
  house.fault({ kind: 'rate_limit', bucket, http: 429, retry_after_s: 9 });
  const asked = await sendText(house.simulator);
  expect([asked.status, errorOf(asked)['code'], asked.headers.get('retry-after')]).toEqual([429, code, '9']);
});

test('token_expired: Meta’s sentence about it', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'token_expired' }, { match: { edge: '*' } });
  const answer = await graph(house.simulator, `GET /v24.0/${NUMBER}`);
  expect(answer.status).toBe(401);
  expect(errorOf(answer)).toMatchObject({
    message: expect.stringMatching(
      /^Error validating access token: Session has expired on \w+, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d P[SD]T\. The current time is \w+, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d P[SD]T\.$/,
    ),
    code: 190,
    error_subcode: 463,
  });
});

test('duplicate, drop and forged_signature', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'duplicate', n: 3 }, { match: { status: 'sent' } });
  house.fault({ kind: 'drop' }, { match: { status: 'delivered' } });
  await sendText(house.simulator);
  await house.simulator.control.settled();
  expect(house.receiver.statuses().map((one) => one['status'])).toEqual(['sent', 'sent', 'sent']);
  house.simulator.control.clearFaults();
  house.fault({ kind: 'forged_signature' }, { match: { status: 'message' } });
  house.simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
  await house.receiver.until(4);
  expect(house.receiver.heard.map((one) => isSigned(one))).toEqual([true, true, true, false]);
});

test('reorder: an update lets the next of its message pass', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'reorder' }, { match: { status: 'sent' } });
  await sendText(house.simulator);
  await house.receiver.until(2);
  expect(house.receiver.statuses().map((one) => one['status'])).toEqual(['delivered', 'sent']);
});

test('batch: so many updates in one webhook', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'batch', size: 4 });
  await sendText(house.simulator, '628111111111');
  await sendText(house.simulator, '628222222222');
  await house.receiver.until(1);
  expect(house.receiver.statuses()).toHaveLength(4);
  expect(house.receiver.heard).toHaveLength(1);
});

test('batch: laid out and ordered as asked, and as often and as forged as one of its updates', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'batch', size: 3, layout: 'values', order: 'reversed' });
  house.fault({ kind: 'duplicate', n: 2 }, { match: { to: '628222222222' } });
  house.fault({ kind: 'forged_signature', how: 'none' }, { times: 1 });
  for (const to of ['628111111111', '628222222222', '628333333333'])
    house.simulator.control.send(to, { type: 'text', text: to });
  await house.receiver.until(2);
  await house.simulator.control.settled();
  expect(house.receiver.heard.map(({ signature }) => signature)).toEqual(['undefined', 'undefined']);
  const [first, second] = house.receiver.heard;
  expect(second?.body).toBe(first?.body);
  expect(parts(first?.value ?? {}, 'messages').map((one) => one['from'])).toEqual([
    '628333333333',
    '628222222222',
    '628111111111',
  ]);
});

test('webhook_delay: late on the simulator’s clock', async () => {
  await using house = await startHouse();
  house.simulator.control.setClock({ mode: 'frozen' });
  house.fault({ kind: 'webhook_delay', ms: 60_000 }, { match: { status: 'sent' } });
  await sendText(house.simulator);
  await house.simulator.control.settled();
  expect(house.receiver.statuses().map((one) => one['status'])).toEqual(['delivered']);
  await house.simulator.control.advance({ by: '1m' });
  expect(house.receiver.statuses().map((one) => one['status'])).toEqual(['delivered', 'sent']);
});

test('a fault on receipts leaves sends alone, and one on media links the rest', async () => {
  await using house = await startHouse();
  const { id } = house.simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
  house.fault({ kind: 'graph_error', code: 131016 }, { match: { type: 'receipt' } });
  const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: id };
  const path = `POST /v24.0/${NUMBER}/messages`;
  expect((await graph(house.simulator, path, { body: receipt })).status).toBe(500);
  expect((await sendText(house.simulator)).status).toBe(200);
  house.fault({ kind: 'http_error', status: 503 }, { match: { edge: 'attachments' } });
  expect((await graph(house.simulator, 'GET /whatsapp_business/attachments/?mid=1')).status).toBe(503);
});

test('a fault matches number, recipient and type; ends by count, by time, by chance', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  const error = { kind: 'graph_error', code: 131016 } as const;
  house.fault(error, { match: { to: '+62 811-111-1111', type: 'image', number: NUMBER } });
  expect((await sendText(simulator)).status).toBe(200);
  const image = { type: 'image', image: { link: 'https://cdn.example.com/a.png' } };
  expect((await send(simulator, image)).status).toBe(500);
  expect((await send(simulator, { ...image, to: '628222222222' })).status).toBe(200);
  simulator.control.clearFaults();
  house.fault(error, { times: 2 });
  expect(
    [await sendText(simulator), await sendText(simulator), await sendText(simulator)].map(
      (one) => one.status,
    ),
  ).toEqual([500, 500, 200]);
  simulator.control.clearFaults();
  simulator.control.setClock({ mode: 'frozen', now: '2026-11-20T08:00:00Z' });
  house.fault(error, { until: '2026-11-20T08:01:00Z' });
  expect((await sendText(simulator)).status).toBe(500);
  await simulator.control.advance({ by: '1m' });
  expect((await sendText(simulator)).status).toBe(200);
  simulator.control.clearFaults();
  house.fault(error, { probability: 0 });
  expect((await sendText(simulator)).status).toBe(200);
});

test('a fault passes the first so many, and then hits each so manyth', async () => {
  await using house = await startHouse();
  house.fault({ kind: 'http_error', status: 502 }, { after: 2, every: 3, times: 2 });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) statuses.push((await sendText(house.simulator)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 502, 200, 200, 502, 200, 200, 200, 200]);
});

test('a fault matches numbers by how they begin, and whole ones by the name WhatsApp gives them', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  house.fault({ kind: 'http_error', status: 502 }, { match: { to: '+62 811*' } });
  expect((await sendText(simulator, '628111111111')).status).toBe(502);
  expect((await sendText(simulator, '628222222222')).status).toBe(200);
  house.fault({ kind: 'http_error', status: 503 }, { match: { to: '+52 55 1234 5678' } });
  expect((await sendText(simulator, '525512345678')).status).toBe(503);
});

test('the fault API: put, look, delete; and clear errors', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  const put = await control(simulator, 'PUT /faults/slow', { effect: { kind: 'delay', ms: 5 }, times: 3 });
  expect(put.json).toMatchObject({ id: 'slow', times: 3, hits: 0, probability: 1, until: null });
  await sendText(simulator);
  expect((await control(simulator, 'GET /faults/slow')).json).toMatchObject({ times: 2, hits: 1 });
  expect((await control(simulator, 'GET /faults')).json['data']).toHaveLength(1);
  expect((await control(simulator, 'DELETE /faults/slow')).json).toEqual({ ok: true });
  expect((await control(simulator, 'GET /faults/slow')).status).toBe(404);
  const unknown = await control(simulator, 'POST /faults', { effect: { kind: 'earthquake' } });
  expect(unknown.status).toBe(400);
  expect(errorOf(unknown)).toMatchObject({ code: 'invalid_request', param: 'effect.kind' });
  const wrong = await control(simulator, 'POST /faults', { effect: { kind: 'duplicate', n: 'many' } });
  expect(errorOf(wrong)).toMatchObject({ code: 'invalid_request', param: 'effect.n' });
  const wamid = wamidOf(await sendText(simulator));
  expect(wamid).toMatch(/^wamid\./);
});
