// What is still queued can be taken back by the application, and ends by itself when its time is over; what has left, or may have, cannot.
// In both cases those behind it go on.
import { describe, expect, test } from 'vitest';

import { expectRefusal } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until, type House, type Reply } from '../support/house.ts';
import { gate, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+12025550120';
const ASYNC = { prefer: 'respond-async' };
const OPEN = { windowEnforced: false };

interface Queue {
  house: TappedHouse;
  ids: string[];
  release: () => void;
}

/** Messages to one customer: the first is on its way to Meta, which is slow; the others stand behind it. */
async function queueOf(
  house: TappedHouse,
  texts: readonly string[],
  headers: Record<string, string> = {},
): Promise<Queue> {
  const held = gate();
  house.tap.rule(() => held.opened.then(() => 'pass'));
  const ids: string[] = [];
  for (const [i, text] of texts.entries()) {
    const reply = await house.sendText(CUSTOMER, text, { ...ASYNC, ...(i === 0 ? {} : headers) });
    ids.push(reply.body.data.id);
    if (i === 0) await until('the first call', async () => house.tap.sends().length === 1);
  }
  return { house, ids, release: held.open };
}

function withdraw(house: House, id: string | undefined): Promise<Reply> {
  return house.request('DELETE', `${KIRIM}/${id}`);
}

async function dataOf(house: House, id: string | undefined): Promise<Reply['body']['data']> {
  return (await house.request('GET', `${KIRIM}/${id}`)).body.data;
}

/** All that Meta took for the customer, when it has the last one. */
async function takenUpTo(house: House, last: string): Promise<string[]> {
  await house.simulator.control.wait({ match: { to: CUSTOMER, text: last } });
  return house.simulator.control.messages({ to: CUSTOMER }).map((message) => message.text);
}

const notWithdrawable = { status: 409, type: 'conflict', code: 'message_not_withdrawable' };

describe('DELETE', () => {
  test('takes back what is queued; what stands behind it goes on', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { ids, release } = await queueOf(house, ['one', 'two', 'three']);
    const reply = await withdraw(house, ids[1]);
    expectStatus(reply, 200);
    expect(reply.body.data).toMatchObject({
      id: ids[1],
      status: 'failed',
      error: { code: 'withdrawn', provider_code: null },
    });
    release();
    expect(await takenUpTo(house, 'three')).toEqual(['one', 'three']);
    expect(await dataOf(house, ids[1])).toMatchObject({ status: 'failed', message_id: null, attempts: [] });
  });

  test('twice is answered the same', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { ids, release } = await queueOf(house, ['one', 'two']);
    const first = await withdraw(house, ids[1]);
    const second = await withdraw(house, ids[1]);
    release();
    expect([second.status, second.body.data]).toEqual([first.status, first.body.data]);
  });

  test('does not take back what is on its way, nor what has arrived', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { ids, release } = await queueOf(house, ['one']);
    expectRefusal(await withdraw(house, ids[0]), notWithdrawable);
    release();
    await until('it is delivered', async () => (await dataOf(house, ids[0])).status === 'delivered');
    expectRefusal(await withdraw(house, ids[0]), notWithdrawable);
    expect(await dataOf(house, ids[0])).toMatchObject({ status: 'delivered' });
  });

  test('does not take back what Meta answered with 5xx: it may have left', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule(() => refusal(131_016, { status: 503, retryAfter: '60' }));
    const { id } = (await house.sendText(CUSTOMER, 'perhaps', ASYNC)).body.data;
    await until('the first attempt is over', async () => (await dataOf(house, id)).attempts.length === 1);
    expect(await dataOf(house, id)).toMatchObject({ status: 'pending' });
    expectRefusal(await withdraw(house, id), notWithdrawable);
  });

  test('takes back what Meta plainly refused for now', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule(() => refusal(130_429, { retryAfter: '60' }));
    const { id } = (await house.sendText(CUSTOMER, 'not now', ASYNC)).body.data;
    await until(
      'the first attempt is over',
      async () => (await dataOf(house, id)).status === 'queued' && house.tap.sends().length === 1,
    );
    const reply = await until('it is withdrawn', async () => {
      const tried = await withdraw(house, id);
      return tried.status === 200 && tried;
    });
    expect(reply.body.data).toMatchObject({ status: 'failed', error: { code: 'withdrawn' } });
  });

  test('ends the wait of who sent it, and its key stays with it', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { release } = await queueOf(house, ['one']);
    const headers = { 'Idempotency-Key': 'taken back', prefer: 'wait=30' };
    const sending = house.sendText(CUSTOMER, 'two', headers);
    const queued = await until('it is queued', async () => {
      const found = await house.request('GET', `${KIRIM}?status=queued`);
      return found.body.data[0];
    });
    expectStatus(await withdraw(house, queued.id), 200);
    const reply = await sending;
    expect(reply.body.data).toMatchObject({ id: queued.id, status: 'failed', error: { code: 'withdrawn' } });
    const again = await house.sendText(CUSTOMER, 'two', headers);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body.data).toEqual(reply.body.data);
    release();
    await house.sendText(CUSTOMER, 'three');
    expect(await takenUpTo(house, 'three')).toEqual(['one', 'three']);
  });

  test('finds neither what is not there nor what a customer wrote', async () => {
    await using house = await startTappedHouse({
      simulator: { ...OPEN, phones: [{ phone: CUSTOMER, wroteMsAgo: 60_000 }] },
    });
    const inbound = await until('the inbound message', async () => {
      const found = await house.request('GET', `${KIRIM}?direction=inbound`);
      return found.body.data[0];
    });
    for (const id of [inbound.id, 'msg_01HXYZABCDEFGHJKMNPQRSTVWX', 'nonsense'])
      expectRefusal(await withdraw(house, id), {
        status: 404,
        type: 'not_found',
        code: 'resource_not_found',
      });
  });
});

describe('Kurir-Expires-In', () => {
  const soon = { 'Kurir-Expires-In': '1' };

  test('ends what has not left by then; what stands behind it goes on', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { ids, release } = await queueOf(house, ['one', 'two'], soon);
    const last = (await house.sendText(CUSTOMER, 'three', ASYNC)).body.data.id;
    const expired = await until('it is expired', async () => {
      const data = await dataOf(house, ids[1]);
      return data.status === 'failed' && data;
    });
    expect(expired).toMatchObject({
      error: { code: 'expired', provider_code: null },
      message_id: null,
      attempts: [],
    });
    expect(Date.parse(expired.expires_at)).toBe(Date.parse(expired.created_at) + 1_000);
    release();
    expect(await takenUpTo(house, 'three')).toEqual(['one', 'three']);
    expect(await dataOf(house, last)).not.toMatchObject({ status: 'failed' });
  });

  test('ends what Meta keeps refusing for now', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule(() => refusal(130_429, { retryAfter: '60' }));
    const { id } = (await house.sendText(CUSTOMER, 'refused', { ...ASYNC, ...soon })).body.data;
    const expired = await until('it is expired', async () => {
      const data = await dataOf(house, id);
      return data.status === 'failed' && data;
    });
    expect(expired).toMatchObject({
      error: { code: 'expired' },
      attempts: [{ outcome: 'refused', provider_code: 130_429 }],
    });
  });

  test('does not end what has left', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { ids, release } = await queueOf(house, ['one']);
    const behind = (await house.sendText(CUSTOMER, 'two', { ...ASYNC, ...soon })).body.data.id;
    const left = (await house.sendText('+12025550121', 'left', { ...ASYNC, ...soon })).body.data.id;
    await until('the later one is expired', async () => (await dataOf(house, behind)).status === 'failed');
    expect(await dataOf(house, left)).toMatchObject({ status: 'pending' });
    expect(await dataOf(house, ids[0])).toMatchObject({ status: 'pending' });
    release();
    await until('it is delivered', async () => (await dataOf(house, left)).status === 'delivered');
  });

  test('is a day when nothing is said', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const { id } = (await house.sendText(CUSTOMER)).body.data;
    const data = await dataOf(house, id);
    expect(Date.parse(data.expires_at)).toBe(Date.parse(data.created_at) + 86_400_000);
  });

  test.each(['0', '-1', '1.5', 'soon', '', '2592001'])('of %j is refused', async (value) => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const refused = { status: 400, type: 'invalid_request_error', code: 'invalid_field_value' };
    expectRefusal(await house.sendText(CUSTOMER, 'x', { 'Kurir-Expires-In': value }), {
      ...refused,
      param: 'Kurir-Expires-In',
    });
    expectRefusal(await house.sendText(CUSTOMER, 'x', { 'Kurir-Priority': 'urgent' }), {
      ...refused,
      param: 'Kurir-Priority',
    });
  });
});
