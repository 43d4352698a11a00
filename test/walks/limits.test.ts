// Full is said, not suffered (promise 11): each limit is reached, refused in the caller's own dialect with a moment to come back,
// stores nothing, lets a replay pass, and ends by itself.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { exchange, requestText } from '../support/raw-http.ts';
import { inboundText, messageEnvelope, postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';

const TO = '+12025550140';
const LATER = { prefer: 'respond-async' };
const TEXT = { messaging_product: 'whatsapp', to: TO, type: 'text', text: { body: 'Halo' } };
const SHORT = protocolTimes(5);

async function accepted(house: House): Promise<number> {
  const [row] = await house.ctx.db.query<{ count: number }>('select count(*)::int as count from messages');
  return row?.count ?? -1;
}

function expectRetryAfter(reply: Reply): void {
  expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

/** Sends until it is refused; how many were taken. */
async function fill(
  send: (i: number) => Promise<Reply>,
  most: number,
): Promise<{ taken: number; full: Reply }> {
  for (let i = 0; i < most; i++) {
    const reply = await send(i);
    if (reply.status !== 200) return { taken: i, full: reply };
  }
  expect.unreachable(`${most} were taken, and none refused`);
}

describe('the queue of a number', () => {
  test('is full: 429 in each dialect, nothing stored, a replay passes, and it goes on when it has drained', async () => {
    await using meta = await startMetaByHand();
    await using house = await startHouse({
      config: { graphUrl: meta.url, queuePerNumber: 8, times: SHORT },
    });
    meta.react(() => ({ kind: 'hold' }));
    // One is called, eight stand behind it; a count that is taken just then may be off by those.
    const { taken, full } = await fill(
      (i) => house.sendText(TO, `${i}`, { ...LATER, 'idempotency-key': `${i}` }),
      20,
    );
    expect(taken).toBeGreaterThan(4);
    expectKirimError(full, 'rate_limit_exceeded');
    expect(full.body.error.message).toMatch(/\d messages queued, the limit is 8/);
    expectRetryAfter(full);
    expect(await accepted(house)).toBe(taken);

    for (const path of [
      `/v24.0/${PHONE_NUMBER_ID}/messages`,
      `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`,
    ]) {
      const reply = await house.request('POST', path, TEXT);
      expectGraphError(reply, { status: 429, code: 80_007 });
      expect(reply.body.error['is_transient']).toBe(true);
      expectRetryAfter(reply);
    }
    expect(await accepted(house)).toBe(taken);

    const replay = await house.sendText(TO, '2', { ...LATER, 'idempotency-key': '2' });
    expectStatus(replay, 200);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');

    meta.letGo();
    await until('room in the queue', async () => (await house.sendText(TO, 'after', LATER)).status === 200);
  });

  test('is counted by the owner of its lane, after a restart too, and known to the other nodes', async () => {
    await using meta = await startMetaByHand();
    await using house = await startHouse({
      config: { graphUrl: meta.url, queuePerNumber: 50, times: SHORT, shutdownMs: 3_000 },
    });
    meta.react(() => ({ kind: 'hold' }));
    // Short of the limit by more than a count that is taken just then may be off.
    for (let i = 0; i < 46; i++) expectStatus(await house.sendText(TO, `${i}`, LATER), 200);
    await house.restart();
    await until('the count', async () => {
      const [lane] = await house.ctx.db.query<{ queued: number[] }>('select queued from lanes');
      return Math.max(...(lane?.queued ?? [])) >= 44;
    });
    const other = await house.addNode();
    const { taken } = await fill((i) => other.sendText(TO, `more ${i}`, LATER), 100);
    expect(taken).toBeLessThan(50);
  });
});

test('the queues of an organisation are full: all of its numbers, and nobody else’s', async () => {
  await using meta = await startMetaByHand();
  await using house = await startHouse({
    config: { graphUrl: meta.url, queuePerOrganisation: 5, times: SHORT },
  });
  await house.addNumber({ phoneNumberId: '206540352242923', phone: '628511760008030' });
  const others = await house.addOrganisation('Toko Sebelah');
  const { organisationId } = others;
  await house.addNumber({ phoneNumberId: '306540352242924', phone: '628511760008031', organisationId });
  meta.react(() => ({ kind: 'hold' }));
  await fill((i) => house.sendText(TO, `${i}`, LATER), 20);
  const full = await house.request('POST', '/v1/206540352242923/messages', TEXT, LATER);
  expectKirimError(full, 'rate_limit_exceeded');
  expect(full.body.error.message).toContain('organisation');
  expectRetryAfter(full);
  const theirs = { ...LATER, authorization: `Bearer ${others.apiKey}` };
  expectStatus(await house.request('POST', '/v1/306540352242924/messages', TEXT, theirs), 200);
});

const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;

describe('requests that wait for Meta', () => {
  test('are so many and no more: the next is answered queued at once, and refused where a wamid is owed', async () => {
    await using meta = await startMetaByHand();
    await using house = await startHouse({
      config: { graphUrl: meta.url, waitingMax: 2, sendWaitMs: 15_000 },
    });
    // They have just written: a send to them waits for Meta's answer alone.
    const wrote = ['12025559001', '12025559002'].map((from) =>
      inboundText(from, `wamid.from-${from}`, 'Halo'),
    );
    expectStatus(await postWebhook(house, messageEnvelope(wrote)), 200);
    meta.react(() => ({ kind: 'hold' }));
    const waiting = [1, 2].map((i) =>
      house.sendText(`1202555900${i}`, 'waits', { 'idempotency-key': `${i}` }),
    );
    await until('both at Meta', async () => meta.calls.length === 2);

    const third = await house.sendText('12025559003', 'does not wait');
    expectStatus(third, 200);
    expect(third.body.data.status).toBe('queued');
    const before = await accepted(house);
    const owed = await house.request('POST', GRAPH, TEXT);
    expectGraphError(owed, { status: 503, code: 2 });
    expect(owed.body.error['is_transient']).toBe(true);
    expectRetryAfter(owed);
    expect(await accepted(house)).toBe(before);
    const replay = await house.sendText('12025559001', 'waits', { 'idempotency-key': '1' });
    expectStatus(replay, 200);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');

    meta.letGo();
    for (const reply of await Promise.all(waiting)) expect(reply.body.data.status).toBe('pending');
    expectStatus(await house.request('POST', GRAPH, TEXT), 200);
  });
});

describe('bodies that are being read', () => {
  test('have so much room and no more, callers and Meta each their own, and the connection goes on', async () => {
    await using house = await startHouse({
      config: { bodiesMaxMb: 4 },
      simulator: { windowEnforced: false },
    });
    const authorization = `Bearer ${house.apiKey}`;
    const path = `POST /v1/${PHONE_NUMBER_ID}/messages`;
    const large = { authorization, 'content-type': 'application/json', 'content-length': String(256 * 1024) };
    // Sixteen of a quarter of a megabyte each, begun and not ended.
    const halves = Array.from({ length: 16 }, () => half(house, requestText(path, large, '{')));
    const body = JSON.stringify(TEXT);
    const small = requestText(path, { authorization, 'content-type': 'application/json' }, body);
    const refused = await until('the room to be full', async () => {
      const answer = await exchange(house.gateway.url, small);
      return answer.status === 503 && answer;
    });
    expectKirimError(refused, 'service_unavailable');
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(refused.headers['connection']).not.toBe('close');
    // Meta has a room of its own, and who has no body needs none.
    expectStatus(await postWebhook(house, statusEnvelope([])), 200);
    expectStatus(await house.request('GET', '/v1/me'), 200);
    for (const socket of halves) socket.destroy();
    await until('room again', async () => (await exchange(house.gateway.url, small)).status === 200);
    // What was read has left its place: far more than the room holds goes through it one by one.
    const long = { ...TEXT, text: { body: 'x'.repeat(4_000) }, to: '12025559009' };
    const replies = [];
    for (let i = 0; i < 1_200; i += 50)
      replies.push(
        ...(await Promise.all(
          Array.from({ length: 50 }, () =>
            house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, long, LATER),
          ),
        )),
      );
    expect(replies.filter((reply) => reply.status !== 200)).toEqual([]);
  });

  test('of Meta’s: 503, which counts as a time in which it was not heard, and callers go on', async () => {
    await using house = await startHouse({
      config: { bodiesMaxMb: 4, times: SHORT },
      simulator: { windowEnforced: false, statusDelaysMs: { sent: 3_600_000, delivered: 0, read: 0 } },
    });
    const length = { 'content-type': 'application/json', 'content-length': String(4 * 1024 * 1024) };
    const socket = half(house, requestText('POST /webhooks/meta', length, '{'));
    await until('a refusal', async () => (await postWebhook(house, statusEnvelope([]))).status === 503);
    await until('the gap', async () => (await house.ctx.db.query('select 1 from door_gaps')).length > 0);
    expectStatus(await house.sendText(TO, 'goes', LATER), 200);
    socket.destroy();
    await until(
      'Meta heard again',
      async () => (await postWebhook(house, statusEnvelope([]))).status === 200,
    );
  });
});

/** A request of which only the beginning is sent. */
function half(house: House, text: string): Socket {
  const { hostname, port } = new URL(house.gateway.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  socket.write(text);
  onTestFinished(() => void socket.destroy());
  return socket;
}

test('connections are so many and no more', async () => {
  await using house = await startHouse({ config: { connectionsMax: 10 } });
  const text = 'GET /health HTTP/1.1\r\nhost: kurir.test\r\n';
  const held = Array.from({ length: 12 }, () => half(house, text));
  const closed = await until('those beyond to be closed', async () => {
    const gone = held.filter((socket) => socket.closed);
    return gone.length > 0 && gone;
  });
  expect(closed.length).toBeLessThanOrEqual(3);
  for (const socket of held) socket.destroy();
  await until('a connection', async () =>
    exchange(house.gateway.url, `${text}connection: close\r\n\r\n`).then(
      (answer) => answer.status === 200,
      () => false,
    ),
  );
});

// There is no room in /proc, whatever the machine.
test.runIf(process.platform === 'linux')(
  'the disk of our own PostgreSQL is nearly full: sends are refused, webhooks taken, readiness says it, and it ends by itself',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kurir-disk-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const link = join(folder, 'data');
    symlinkSync(tmpdir(), link);
    await using house = await startHouse({
      databaseFolder: link,
      config: { diskFreeMinMb: 1 },
      simulator: { windowEnforced: false },
    });
    const key = { 'idempotency-key': 'before', ...LATER };
    expectStatus(await house.sendText(TO, 'before', key), 200);
    rmSync(link);
    symlinkSync('/proc', link);
    const refused = await until('a refusal', async () => {
      const reply = await house.sendText(TO, 'nearly full', LATER);
      return reply.status !== 200 && reply;
    });
    expectKirimError(refused, 'service_unavailable');
    expectRetryAfter(refused);
    expectGraphError(await house.request('POST', GRAPH, TEXT), { status: 503, code: 2 });
    const count = await accepted(house);
    expectStatus(await house.sendText(TO, 'before', key), 200);
    expect(await accepted(house)).toBe(count);
    const health = await house.request('GET', '/health/ready');
    expectStatus(health, 503);
    expect(health.text).toContain('disk');
    expectStatus(await postWebhook(house, statusEnvelope([])), 200);
    rmSync(link);
    symlinkSync(tmpdir(), link);
    await until('room', async () => (await house.sendText(TO, 'after', LATER)).status === 200);
  },
);
