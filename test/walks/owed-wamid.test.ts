// The dialects of Meta's shape owe their caller a wamid: either it is answered, or nothing was sent and nothing will be, or, where Meta's
// answer was lost, the caller is told not to repeat it. Never is something sent later behind the caller's back.
import { describe, expect, test } from 'vitest';

import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { gate, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { tellStatuses } from '../support/meta-webhook.ts';

const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;
const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+12025550120';
// Statuses come when a test posts them.
const QUIET = { windowEnforced: false, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } };

function text(body = 'Halo'): object {
  return { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body } };
}

function send(house: House, body: string, headers: Record<string, string> = {}): Promise<Reply> {
  return house.request('POST', GRAPH, text(body), headers);
}

function bodiesAtMeta(house: TappedHouse): unknown[] {
  return house.tap.sends().map((call) => call.body['text']);
}

/** Meta's word that it may be tried again, and that nothing was sent. */
function expectNotSent(reply: Reply): void {
  expectStatus(reply, 503);
  expect(reply.body.error).toMatchObject({ type: 'OAuthException', code: 2, is_transient: true });
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
}

function expectUnknown(reply: Reply): void {
  expectStatus(reply, 500);
  expect(reply.body.error).toMatchObject({ type: 'OAuthException', is_transient: false });
  expect(reply.body.error.error_data.details).toMatch(/outcome unknown, do not repeat/i);
  expect(reply.headers.get('x-kurir-message-id')).toMatch(/^msg_/);
}

/** A message to the customer that Meta is slow to answer: what follows stands behind it, until it is released. */
async function keepBusy(house: TappedHouse): Promise<() => void> {
  const held = gate();
  house.tap.rule(() => ({ answerAfter: held.opened }));
  await house.sendText(CUSTOMER, 'first', { prefer: 'respond-async' });
  await until('the call for the first', async () => house.tap.sends().length === 1);
  return held.open;
}

describe('when the wait ends before it could leave', () => {
  test('nothing was sent, and nothing is sent later', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    const release = await keepBusy(house);
    expectNotSent(await send(house, 'withdrawn', { prefer: 'wait=1' }));
    release();
    const last = await send(house, 'last');
    expectStatus(last, 200);
    expect(bodiesAtMeta(house)).toEqual([{ body: 'first' }, { body: 'last' }]);
    const shown = await house.request('GET', `${KIRIM}?to=${encodeURIComponent(CUSTOMER)}&status=failed`);
    expect(shown.body.data).toMatchObject([
      { text: { body: 'withdrawn' }, status: 'failed', error: { code: 'withdrawn', provider_code: null } },
    ]);
  });

  test('its key is free again', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    const release = await keepBusy(house);
    const headers = { 'Idempotency-Key': 'try again' };
    const refused = await send(house, 'again', { ...headers, prefer: 'wait=1' });
    expectNotSent(refused);
    release();
    const sent = await send(house, 'again', headers);
    expectStatus(sent, 200);
    expect(sent.headers.get('idempotent-replayed')).toBe('false');
    expect(bodiesAtMeta(house)).toEqual([{ body: 'first' }, { body: 'again' }]);
    const repeated = await send(house, 'again', headers);
    expect(repeated.body).toEqual(sent.body);
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
  });

  test('since Meta cannot be reached, it is the same', async () => {
    await using house = await startHouse({ config: { graphUrl: 'http://127.0.0.1:9' } });
    expectNotSent(await send(house, 'nobody there', { prefer: 'wait=1' }));
  });

  test('since Meta throttles, it is the same', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => refusal(130_429, { retryAfter: '60' }));
    expectNotSent(await send(house, 'too many', { prefer: 'wait=1' }));
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('after a no that proves nothing, it is told as Meta’s no, not as a lost answer', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => refusal(131_016, { status: 503, details: 'Busy.', retryAfter: '60' }));
    const headers = { 'Idempotency-Key': 'no proof' };
    const reply = await send(house, 'no proof', { ...headers, prefer: 'wait=1' });
    expectUnknown(reply);
    expect(reply.body.error.code).toBe(131_016);
    const shown = await house.request('GET', `${KIRIM}/${reply.headers.get('x-kurir-message-id')}`);
    const { error, attempts } = shown.body.data;
    expect(error).toMatchObject({ code: 'delivery_unknown', provider_code: 131_016 });
    expect(error.message).toMatch(/^Meta said 131016 \(Busy\.\), which does not prove/);
    expect(attempts).toMatchObject([{ outcome: 'refused', provider_code: 131_016 }]);
    const again = await send(house, 'no proof', headers);
    expectUnknown(again);
    expect(again.body.error.code).toBe(131_016);
  });
});

test('a repeat that waits less takes nothing away from the first call, and is answered with it', async () => {
  await using house = await startTappedHouse({ simulator: QUIET });
  const release = await keepBusy(house);
  const headers = { 'Idempotency-Key': 'patient first' };
  const first = send(house, 'patient', { ...headers, prefer: 'wait=30' });
  await until('it is queued', async () => {
    const shown = await house.request('GET', `${KIRIM}?status=queued`);
    return shown.body.data.length === 1;
  });
  const repeat = send(house, 'patient', { ...headers, prefer: 'wait=1' });
  // The wait of one that began after it is over: so is its own.
  expectNotSent(await send(house, 'impatient', { prefer: 'wait=1' }));
  release();
  const [one, other] = await Promise.all([first, repeat]);
  expectStatus(one, 200);
  expect(other.body).toEqual(one.body);
  expect(bodiesAtMeta(house)).toEqual([{ body: 'first' }, { body: 'patient' }]);
});

describe('while the wait lasts', () => {
  test('a no for now is tried again, and the caller gets the wamid', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(({ index }) => (index < 3 ? refusal(130_429, { retryAfter: '0.05' }) : 'pass'));
    const reply = await send(house, 'patience');
    expectStatus(reply, 200);
    expect(house.tap.sends()).toHaveLength(4);
    expect(house.simulator.control.messages({ to: CUSTOMER })).toMatchObject([
      { id: reply.body['messages'][0].id },
    ]);
  });

  test('a no for good is Meta’s error', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => refusal(131_030, { details: 'Not on the list.' }));
    const reply = await send(house, 'no');
    expectStatus(reply, 400);
    expect(reply.body.error).toMatchObject({ code: 131_030, error_data: { details: 'Not on the list.' } });
  });
});

test('when the wait ends during the call, the caller waits for the call', async () => {
  await using house = await startTappedHouse({ simulator: QUIET });
  const release = await keepBusy(house);
  const other = house.request('POST', GRAPH, { ...text('slow'), to: '+12025550121' }, { prefer: 'wait=1' });
  await until('the call', async () => house.tap.sends().length === 2);
  let answered = false;
  void other.then(() => (answered = true));
  // Its second is over when one that began after it has had its own.
  await send(house, 'behind', { prefer: 'wait=1' });
  expect(answered).toBe(false);
  release();
  expectStatus(await other, 200);
});

describe('when Meta’s answer is lost', () => {
  test('the caller is told not to repeat it, and the same key attaches to it', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => 'lose answer');
    const headers = { 'Idempotency-Key': 'lost', prefer: 'wait=1' };
    const first = await send(house, 'lost', headers);
    expectUnknown(first);
    const again = await send(house, 'lost', headers);
    expectUnknown(again);
    expect(again.headers.get('x-kurir-message-id')).toBe(first.headers.get('x-kurir-message-id'));
    expect([first, again].map((reply) => reply.headers.get('idempotent-replayed'))).toEqual([
      'false',
      'true',
    ]);
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('a later echo of it settles it: the same key then has its wamid', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => 'lose answer');
    const headers = { 'Idempotency-Key': 'lost', prefer: 'wait=1' };
    expectUnknown(await send(house, 'lost', headers));
    const [message] = house.simulator.control.messages({ to: CUSTOMER });
    const { id: wamid = '', biz_opaque_callback_data: token = '' } = message ?? {};
    await tellStatuses(house, { wamid, token, status: 'sent' });
    const again = await send(house, 'lost', headers);
    expectStatus(again, 200);
    expect(again.body['messages']).toEqual([{ id: wamid }]);
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('an echo of it within the wait is the answer', async () => {
    await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
    house.tap.rule(() => 'lose answer');
    const reply = await send(house, 'echoed');
    expectStatus(reply, 200);
    expect(house.simulator.control.messages({ to: CUSTOMER })).toMatchObject([
      { id: reply.body['messages'][0].id },
    ]);
  });

  test('Kirim’s dialect says `pending`, and sends no second one', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    house.tap.rule(() => 'lose answer');
    const headers = { 'Idempotency-Key': 'lost', prefer: 'wait=1' };
    const first = await house.sendText(CUSTOMER, 'lost', headers);
    expect(first.body.data.status).toBe('pending');
    house.tap.rule(() => 'pass');
    const again = await house.sendText(CUSTOMER, 'lost', headers);
    expect(again.body.data).toEqual(first.body.data);
    // Under `fail` its followers do not wait for it.
    expectStatus(await send(house, 'next'), 200);
    expect(bodiesAtMeta(house)).toEqual([{ body: 'lost' }, { body: 'next' }]);
  });
});

test('what Meta took and then failed was taken: the wamid is the answer, and stays it', async () => {
  await using house = await startTappedHouse({ simulator: QUIET });
  const held = gate();
  house.tap.rule(() => ({ answerAfter: held.opened }));
  const headers = { 'Idempotency-Key': 'taken, then failed' };
  const sending = send(house, 'taken', headers);
  const message = await until(
    'it is at Meta',
    async () => house.simulator.control.messages({ to: CUSTOMER })[0],
  );
  const { id: wamid, biz_opaque_callback_data: token = '' } = message;
  await tellStatuses(house, { wamid, token, status: 'failed', code: 131_026 });
  held.open();
  const first = await sending;
  expectStatus(first, 200);
  expect(first.body['messages']).toEqual([{ id: wamid }]);
  const again = await send(house, 'taken', headers);
  expectStatus(again, 200);
  expect(again.body).toEqual(first.body);
  const shown = await house.request('GET', `${KIRIM}/${first.headers.get('x-kurir-message-id')}`);
  expect(shown.body.data).toMatchObject({ status: 'failed', error: { provider_code: 131_026 } });
});

test('the same key twenty times at once is one message and one wamid', async () => {
  await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
  const headers = { 'Idempotency-Key': 'twenty' };
  const replies = await Promise.all(Array.from({ length: 20 }, () => send(house, 'twenty', headers)));
  for (const reply of replies) expectStatus(reply, 200);
  expect(new Set(replies.map((reply) => JSON.stringify(reply.body))).size).toBe(1);
  expect(replies.filter((reply) => reply.headers.get('idempotent-replayed') === 'false')).toHaveLength(1);
  expect(house.tap.sends()).toHaveLength(1);
});

test('a key that was used for something else is refused in Meta’s words', async () => {
  await using house = await startTappedHouse({ simulator: QUIET });
  const headers = { 'Idempotency-Key': 'reused' };
  await send(house, 'one', headers);
  const reply = await send(house, 'other', headers);
  expectStatus(reply, 422);
  expect(reply.body.error).toMatchObject({ type: 'OAuthException', code: 100 });
  expect(house.tap.sends()).toHaveLength(1);
});
