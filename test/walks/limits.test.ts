// Full is said, not suffered (DESIGN promise 11): each limit is reached, refused in the caller's own dialect with a moment to come back,
// stores nothing, lets a replay pass, and ends by itself.
import { describe, expect, test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
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
  throw new Error(`${most} were taken, and none refused`);
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
    for (let i = 0; i < 51; i++) expectStatus(await house.sendText(TO, `${i}`, LATER), 200);
    await house.restart();
    await until('the count', async () => {
      const [lane] = await house.ctx.db.query<{ queued: number }>('select queued from lanes');
      return (lane?.queued ?? 0) >= 49;
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
