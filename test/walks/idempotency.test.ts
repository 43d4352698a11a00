// Once per key: a repeat attaches to the message of the first call, however it comes (after it, at the same moment, after a restart, when
// the number or the budget would not take a new one), and is answered as that was. What was refused or not sent leaves the key free.
import { describe, expect, test } from 'vitest';

import { setNumber } from '../../src/organisations/numbers.ts';
import type { OrganisationId } from '../../src/kernel/ids.ts';
import { expectRefusal } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { gate, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { tellStatuses } from '../support/meta-webhook.ts';
import { exchange, requestText } from '../support/raw-http.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const FLAT = '/v1/messages';
const CUSTOMER = '+12025550120';
// Statuses come when a test posts them.
const QUIET = { windowEnforced: false, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } };
const WROTE = { ...QUIET, phones: [{ phone: CUSTOMER, wroteMsAgo: 60_000 }] };

function text(body = 'Halo', to = CUSTOMER): object {
  return { messaging_product: 'whatsapp', to, type: 'text', text: { body } };
}

function keyed(
  house: House,
  key: string,
  body: unknown = text(),
  headers: Record<string, string> = {},
): Promise<Reply> {
  return house.request('POST', KIRIM, body, { 'Idempotency-Key': key, ...headers });
}

/** A tapped house whose customer's window is known to be open: a send is answered on Meta's 200. */
async function openHouse(options: Parameters<typeof startTappedHouse>[0] = {}): Promise<TappedHouse> {
  const house = await startTappedHouse({ simulator: WROTE, ...options });
  await until('what the customer wrote', async () => {
    const found = await house.request('GET', `${KIRIM}?direction=inbound`);
    return found.body.data.length === 1;
  });
  return house;
}

function replayedOf(reply: Reply): string | null {
  return reply.headers.get('idempotent-replayed');
}

/** The same answer: everything but the id of the request. */
function expectAlike(replies: readonly Reply[]): void {
  const answers = replies.map((reply) => JSON.stringify([reply.status, reply.body.data]));
  expect([...new Set(answers)]).toHaveLength(1);
}

describe('the same key', () => {
  test('after the first call is one message and the same answer', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'one');
    const second = await keyed(house, 'one');
    expectStatus(first, 200);
    expectAlike([first, second]);
    expect([first, second].map(replayedOf)).toEqual(['false', 'true']);
    expect(second.body['request_id']).not.toBe(first.body['request_id']);
    expect(house.simulator.control.messages({ to: CUSTOMER, direction: 'outbound' })).toHaveLength(1);
  });

  test('twenty times at once is one message and one answer for all', async () => {
    await using house = await startHouse({ simulator: { windowEnforced: false } });
    const replies = await Promise.all(Array.from({ length: 20 }, () => keyed(house, 'twenty')));
    for (const reply of replies) expectStatus(reply, 200);
    expectAlike(replies);
    expect(replies.filter((reply) => replayedOf(reply) === 'false')).toHaveLength(1);
    expect(replies.filter((reply) => replayedOf(reply) === 'true')).toHaveLength(19);
    expect(house.simulator.control.messages({ to: CUSTOMER })).toHaveLength(1);
  });

  test('twenty times at once, outside the window, is one failure for all', async () => {
    await using house = await startHouse();
    const replies = await Promise.all(Array.from({ length: 20 }, () => keyed(house, 'outside')));
    for (const reply of replies)
      expect(reply.body.data).toMatchObject({ status: 'failed', error: { code: 'outside_24h_window' } });
    expectAlike(replies);
    expect(house.simulator.control.messages({ to: CUSTOMER })).toHaveLength(1);
  });

  test('is answered as at first, whatever became of the message since', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'moves on');
    expect(first.body.data.status).toBe('pending');
    for (const status of ['sent', 'delivered'] as const) {
      await tellStatuses(house, { wamid: first.body.data.message_id, status });
      expectAlike([first, await keyed(house, 'moves on')]);
    }
    const shown = await house.request('GET', `${KIRIM}/${first.body.data.id}`);
    expect(shown.body.data.status).toBe('delivered');
  });

  test('is known after a restart', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'restarted');
    await house.restart();
    const second = await keyed(house, 'restarted');
    expectAlike([first, second]);
    expect(replayedOf(second)).toBe('true');
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('with the body written otherwise is the same request', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'canonical');
    const turned = `{ "text": {"body":"Hal\\u006f"},\n"type":"text", "to":"${CUSTOMER}", "messaging_product":"whatsapp" }`;
    const second = await keyed(house, 'canonical', turned);
    expectAlike([first, second]);
    expect(replayedOf(second)).toBe('true');
  });

  test('of two organisations is two keys', async () => {
    await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
    const other = await house.addOrganisation('Teh Pagi');
    const number = { phoneNumberId: '106540352242923', phone: '628511760008030' };
    house.simulator.control.putNumber(number.phoneNumberId, {
      display_phone_number: `+${number.phone}`,
      verified_name: 'Teh Pagi',
    });
    await house.addNumber({ ...number, organisationId: other.organisationId });
    await house.restart();
    const ours = await house.request(
      'POST',
      FLAT,
      { to: CUSTOMER, type: 'text', text: { body: 'Halo' } },
      { 'Idempotency-Key': 'shared' },
    );
    const theirs = await house.request(
      'POST',
      FLAT,
      { to: CUSTOMER, type: 'text', text: { body: 'Lain' } },
      { 'Idempotency-Key': 'shared', authorization: `Bearer ${other.apiKey}` },
    );
    expectStatus(ours, 202);
    expectStatus(theirs, 202);
    expect([ours, theirs].map(replayedOf)).toEqual(['false', 'false']);
    expect(house.tap.sends()).toHaveLength(2);
  });
});

describe('the same key for something else', () => {
  const reuse = {
    status: 422,
    type: 'invalid_request_error',
    code: 'idempotency_key_reuse',
    param: 'Idempotency-Key',
  };

  test('is refused, whether another body or another path', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'reused');
    expectRefusal(await keyed(house, 'reused', text('other')), reuse);
    expectRefusal(await keyed(house, 'reused', text('Halo', '+12025550121')), reuse);
    const flat = { to: CUSTOMER, type: 'text', text: { body: 'Halo' } };
    expectRefusal(await house.request('POST', FLAT, flat, { 'Idempotency-Key': 'reused' }), reuse);
    expectAlike([first, await keyed(house, 'reused')]);
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('at the same moment: one body wins, the other is refused', async () => {
    await using house = await openHouse();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => keyed(house, 'raced', text(i % 2 === 0 ? 'even' : 'odd'))),
    );
    expect(replies.filter((reply) => reply.status === 422)).toHaveLength(10);
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(10);
    expectAlike(replies.filter((reply) => reply.status === 200));
    expect(house.tap.sends()).toHaveLength(1);
  });
});

describe('a key that is none', () => {
  test.each([
    ['empty', ''],
    ['longer than 255 characters', 'k'.repeat(256)],
    ['with a control character', 'one\ttwo'],
  ])('is refused: %s', async (_what, key) => {
    await using house = await startTappedHouse({ simulator: QUIET });
    expectRefusal(await keyed(house, key), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_field_value',
      param: 'Idempotency-Key',
    });
    expect(house.tap.sends()).toEqual([]);
  });

  test('is refused: two of them', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    const headers = {
      authorization: `Bearer ${house.apiKey}`,
      'content-type': 'application/json',
      'Idempotency-Key': 'one',
      'idempotency-key': 'two',
    };
    const answer = await exchange(
      house.gateway.url,
      requestText(`POST ${KIRIM}`, headers, JSON.stringify(text())),
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error).toMatchObject({
      code: 'invalid_field_value',
      param: 'Idempotency-Key',
    });
    expect(house.tap.sends()).toEqual([]);
  });

  test('a comma and a blank in one are a key like another', async () => {
    await using house = await openHouse();
    expectStatus(await keyed(house, 'one, two'), 200);
    expect(replayedOf(await keyed(house, 'one, two'))).toBe('true');
  });

  test('255 characters are a key', async () => {
    await using house = await openHouse();
    for (const key of ['k'.repeat(255), 'é'.repeat(255)]) {
      expectStatus(await keyed(house, key), 200);
      expect(replayedOf(await keyed(house, key))).toBe('true');
    }
  });
});

describe('what leaves the key free', () => {
  test('a refusal by schema, or of the number', async () => {
    await using house = await openHouse();
    expectStatus(await keyed(house, 'free', text('')), 400);
    expectStatus(await keyed(house, 'free', '{"to":'), 400);
    const elsewhere = { 'Idempotency-Key': 'free' };
    expectStatus(await house.request('POST', '/v1/999999999999999/messages', text(), elsewhere), 404);
    const sent = await keyed(house, 'free');
    expectStatus(sent, 200);
    expect(replayedOf(sent)).toBe('false');
  });

  test('an empty budget', async () => {
    await using house = await openHouse({ config: { writePerMinute: 1 } });
    await keyed(house, 'takes the budget');
    expectStatus(await keyed(house, 'over'), 429);
    await house.restart();
    const sent = await keyed(house, 'over');
    expectStatus(sent, 200);
    expect(replayedOf(sent)).toBe('false');
  });

  test('a number that cannot send', async () => {
    await using house = await openHouse();
    await disconnect(house);
    const about = { organisationId: house.organisationId as OrganisationId, phoneNumberId: PHONE_NUMBER_ID };
    expectStatus(await keyed(house, 'connected again'), 422);
    await setNumber(house.ctx, { ...about, status: 'connected' });
    await house.restart();
    const sent = await keyed(house, 'connected again');
    expectStatus(sent, 200);
    expect(replayedOf(sent)).toBe('false');
  });

  test('a gateway that is stopping', async () => {
    await using house = await openHouse();
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    await house.sendText('+12025550121', 'under way', { prefer: 'respond-async' });
    await until('the call', async () => house.tap.sends().length === 1);
    const restarted = house.restart();
    expectStatus(await keyed(house, 'stopped'), 503);
    held.open();
    house.tap.rule(() => 'pass');
    await restarted;
    const sent = await keyed(house, 'stopped');
    expectStatus(sent, 200);
    expect(replayedOf(sent)).toBe('false');
  });
});

describe('a replay passes', () => {
  test('an empty budget, and costs nothing', async () => {
    await using house = await openHouse({ config: { writePerMinute: 2 } });
    const first = await keyed(house, 'paid');
    for (let i = 0; i < 5; i++) expectAlike([first, await keyed(house, 'paid')]);
    expectStatus(await keyed(house, 'last one'), 200);
    expectStatus(await keyed(house, 'too much'), 429);
    const again = await keyed(house, 'paid');
    expectAlike([first, again]);
    expect(replayedOf(again)).toBe('true');
    // The key is looked at before the budget.
    expectStatus(await keyed(house, 'paid', text('other')), 422);
  });

  test('a number that has become unusable', async () => {
    await using house = await openHouse();
    const first = await keyed(house, 'before');
    await disconnect(house);
    expectRefusal(await keyed(house, 'after'), {
      status: 422,
      type: 'invalid_request_error',
      code: 'account_not_connected',
      param: 'phone_number_id',
    });
    const again = await keyed(house, 'before');
    expectAlike([first, again]);
    expect(replayedOf(again)).toBe('true');
  });
});

/** Until the gateway has read it: within a few seconds by itself. */
async function disconnect(house: House): Promise<void> {
  const about = { organisationId: house.organisationId as OrganisationId, phoneNumberId: PHONE_NUMBER_ID };
  await setNumber(house.ctx, { ...about, status: 'disconnected', statusReason: 'by the test' });
  await until(
    'the number is out',
    async () => (await house.request('POST', KIRIM, text('x'))).status === 422,
  );
}

describe('the wait', () => {
  test('of respond-async is none: `queued`, and so for ever under its key', async () => {
    await using house = await openHouse();
    const headers = { prefer: 'respond-async' };
    const first = await keyed(house, 'async', text(), headers);
    expect(first.body.data.status).toBe('queued');
    await until('it arrives', async () => house.tap.sends().length === 1);
    const shown = await until('it is pending', async () => {
      const got = await house.request('GET', `${KIRIM}/${first.body.data.id}`);
      return got.body.data.message_id !== null && got;
    });
    await tellStatuses(house, { wamid: shown.body.data.message_id, status: 'delivered' });
    expectAlike([first, await keyed(house, 'async', text(), headers), await keyed(house, 'async')]);
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('of wait=N ends before Meta answers: `pending`, since it may have left, and so under its key', async () => {
    await using house = await openHouse();
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const first = await keyed(house, 'waits', text(), { prefer: 'wait=1' });
    expect(first.body.data).toMatchObject({ status: 'pending' });
    expect(first.body.data.message_id).toBeUndefined();
    held.open();
    const wamid = await wamidOf(house, first.body.data.id);
    await tellStatuses(house, { wamid, status: 'delivered' });
    const again = await keyed(house, 'waits');
    expect(again.body.data).toMatchObject({ id: first.body.data.id, status: 'pending' });
  });

  test('of a repeat lasts as the first one’s: it attaches to the call under way', async () => {
    await using house = await openHouse();
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const first = keyed(house, 'attached');
    await until('the call', async () => house.tap.sends().length === 1);
    const second = keyed(house, 'attached');
    held.open();
    expectAlike(await Promise.all([first, second]));
    expect(replayedOf(await second)).toBe('true');
    expect(house.tap.sends()).toHaveLength(1);
  });

  test.each(['wait=0', 'wait=x', 'minimal', 'return=minimal; foo'])('of %j is no error', async (prefer) => {
    await using house = await openHouse();
    const reply = await keyed(house, 'preferred', text(), { prefer });
    expectStatus(reply, 200);
    expect(['queued', 'pending']).toContain(reply.body.data.status);
  });
});

async function wamidOf(house: House, id: string): Promise<string> {
  return until('Meta’s id', async () => {
    const got = await house.request('GET', `${KIRIM}/${id}`);
    return got.body.data.message_id ?? undefined;
  });
}
