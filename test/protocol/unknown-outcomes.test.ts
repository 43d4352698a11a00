// Unknown outcomes: what becomes of a message when Meta's answer to its call is lost. One case for every sentence of the rule, in virtual
// time, with Meta's statuses as evidence.
import { describe, expect, test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import { PHONE_NUMBER_ID, until } from '../support/house.ts';
import {
  atMeta,
  becomes,
  comesTo,
  HOUR,
  lose,
  MINUTE,
  post,
  QUIET,
  SECOND,
  show,
  SPARSE,
  witness,
} from '../support/lost-answer.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';
import { newWamid, tellStatuses } from '../support/meta-webhook.ts';
import { inboundText, messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';
import { startVirtualHouse, type VirtualHouse } from '../support/virtual-house.ts';

const CUSTOMER = '+12025550120';
const FAIL = { simulator: QUIET, config: { times: SPARSE } };
const RESEND = { ...FAIL, onUnknown: 'resend' as const };

/** What Meta echoes of the latest message to the customer. */
function tokenOf(house: VirtualHouse): string {
  return house.simulator.control.messages({ to: CUSTOMER })[0]?.biz_opaque_callback_data ?? '';
}

/** The wamid of the message to the customer, as soon as it is at Meta. */
function arrival(house: VirtualHouse): Promise<string> {
  return until('it is at Meta', async () => house.simulator.control.messages({ to: CUSTOMER })[0]?.id);
}

describe('a status that echoes our token settles the attempt', () => {
  test('after the answer was lost', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id, wamid = '' } = await lose(house, { to: CUSTOMER, taken: true });
    expect(await show(house, id)).toMatchObject({ status: 'pending', message_id: null });
    house.simulator.control.pushStatus({ message: wamid, status: 'sent' });
    expect(await becomes(house, id, 'sent')).toMatchObject({
      message_id: wamid,
      attempts: [{ attempt: 1, outcome: 'unknown', detail: expect.stringMatching(/reset.*told later/) }],
    });
    await house.pass(15 * MINUTE);
    expect(atMeta(house, CUSTOMER)).toHaveLength(1);
  });

  test('before the answer: both are of one message, and the first sets the wamid', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    house.simulator.control.putFault({ effect: { kind: 'delay', ms: 5 * SECOND } });
    const id = await post(house, CUSTOMER);
    const wamid = await arrival(house);
    await tellStatuses(house, { wamid: 'wamid.told-first', token: tokenOf(house), status: 'sent' });
    expect(await show(house, id)).toMatchObject({ status: 'sent', message_id: 'wamid.told-first' });
    await house.pass(5 * SECOND);
    const shown = await until('the answer is written down', async () => {
      const now = await show(house, id);
      return now.other_message_ids !== undefined && now;
    });
    expect(shown).toMatchObject({
      status: 'sent',
      message_id: 'wamid.told-first',
      other_message_ids: [wamid],
    });
  });

  test('before the call ends without an answer: it stays settled', async () => {
    await using meta = await startMetaByHand();
    await using house = await startVirtualHouse({ ...FAIL, config: { ...FAIL.config, graphUrl: meta.url } });
    meta.react(() => ({ kind: 'hold' }));
    const id = await post(house, CUSTOMER);
    const call = await until('the call', async () => meta.calls[0]);
    await tellStatuses(house, { wamid: call.wamid, token: call.token, status: 'sent' });
    expect(await show(house, id)).toMatchObject({ status: 'sent', message_id: call.wamid });
    meta.letGo({ kind: 'hang up' });
    await until('the call’s end', async () => (await show(house, id)).attempts[0]?.outcome === 'unknown');
    expect(await show(house, id)).toMatchObject({ status: 'sent', message_id: call.wamid });
  });

  test('even when it comes after the decision: it overrides delivery_unknown', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id, wamid = '' } = await lose(house, { to: CUSTOMER, taken: true });
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    expect(await show(house, id)).toMatchObject({ status: 'failed', error: { code: 'delivery_unknown' } });
    house.simulator.control.pushStatus({ message: wamid, status: 'sent' });
    expect(await becomes(house, id, 'sent')).not.toHaveProperty('error');
  });

  test('without our token it is applied as soon as the answer has told the wamid', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    house.simulator.control.putFault({ effect: { kind: 'delay', ms: 5 * SECOND } });
    const id = await post(house, CUSTOMER);
    const wamid = await arrival(house);
    await tellStatuses(house, { wamid, status: 'delivered' });
    await house.pass(2 * SECOND);
    expect(await show(house, id)).toMatchObject({ status: 'pending', message_id: null });
    await house.pass(10 * SECOND);
    expect(await becomes(house, id, 'delivered')).toMatchObject({ message_id: wamid });
    expect(await house.ctx.db.query('select from inbound_aside')).toEqual([]);
  });

  test('without our token and of nobody’s wamid it is set aside', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    await lose(house, { to: CUSTOMER, taken: false });
    await tellStatuses(house, { wamid: 'wamid.of-somebody-else', status: 'delivered' });
    await house.pass(MINUTE);
    expect(await house.ctx.db.query('select reason from inbound_aside')).toEqual([
      { reason: 'a status of a message that Kurir did not send' },
    ]);
    expect(await house.ctx.db.query('select from early_statuses')).toEqual([]);
  });
});

describe('silence', () => {
  test('means something after ten minutes, and when a status of a later attempt was heard', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await house.pass(SECOND);
    await witness(house);
    await house.pass(9 * MINUTE + 50 * SECOND);
    expect(await show(house, id)).toMatchObject({ status: 'pending', waiting: { for: 'status' } });
    await house.pass(15 * SECOND);
    const shown = await show(house, id);
    expect(shown).toMatchObject({
      status: 'failed',
      error: { code: 'delivery_unknown', provider_code: null },
    });
    expect(shown).not.toHaveProperty('waiting');
  });

  test('of a number of which only earlier attempts were heard means nothing', async () => {
    await using house = await startVirtualHouse(FAIL);
    const earlier = await post(house, '+12025550121');
    const { message_id: wamid } = await comesTo(house, earlier, 'accepted');
    await house.pass(SECOND);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await house.pass(SECOND);
    house.simulator.control.pushStatus({ message: wamid, status: 'delivered' });
    await becomes(house, earlier, 'delivered');
    await house.pass(20 * MINUTE);
    expect((await show(house, id)).status).toBe('pending');
    await witness(house);
    await house.pass(3 * MINUTE);
    expect((await show(house, id)).status).toBe('failed');
  });

  test.each([
    ['nobody was there to hear', deafForAWhile],
    ['a webhook was refused', refuseAWebhook],
  ])(
    'after a gap in which %s counts from its end, three times as long, and wants evidence from after it',
    async (_what, gap) => {
      await using house = await startVirtualHouse(FAIL);
      const { id } = await lose(house, { to: CUSTOMER, taken: false });
      await house.pass(SECOND);
      await witness(house);
      // What was heard is written down by then: a crash does not forget it.
      await house.pass(20 * SECOND);
      await gap(house);
      await house.pass(31 * MINUTE);
      // Long enough, but what was heard was heard before the gap.
      expect((await show(house, id)).status).toBe('pending');
      await witness(house);
      await house.pass(3 * MINUTE);
      expect((await show(house, id)).status).toBe('failed');
    },
  );

  test('is not hidden: a refused webhook is written down before it is refused, once for many', async () => {
    await using house = await startVirtualHouse(FAIL);
    await house.ctx.db.query('alter table conversations rename to away');
    const halo = () =>
      postWebhook(house, messageEnvelope([inboundText('628111111111', newWamid(), 'Halo?')]));
    const refused = [...(await Promise.all(Array.from({ length: 20 }, halo))), await halo()];
    expect(new Set(refused.map((reply) => reply.status))).toEqual(new Set([503]));
    expect(await house.ctx.db.query('select from door_gaps')).toHaveLength(1);
  });

  test('of less than thirty minutes after a gap means nothing', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await deafForAWhile(house);
    await witness(house);
    await house.pass(29 * MINUTE);
    expect((await show(house, id)).status).toBe('pending');
    await house.pass(2 * MINUTE);
    expect((await show(house, id)).status).toBe('failed');
  });

  // A day of heartbeats would take minutes: this house shows only every five minutes that it lives.
  test.each(['fail', 'resend'] as const)(
    'without evidence ends after a day, under `%s` too, and nothing is sent again',
    async (onUnknown) => {
      const slow = { ...protocolTimes(1 / 100), giveUpMs: 24 * HOUR, lookAgainMs: 10 * MINUTE };
      await using house = await startVirtualHouse({ simulator: QUIET, onUnknown, config: { times: slow } });
      const { id } = await lose(house, { to: CUSTOMER, taken: false });
      await house.pass(23 * HOUR);
      expect((await show(house, id)).status).toBe('pending');
      await house.pass(HOUR + 20 * MINUTE);
      expect(await show(house, id)).toMatchObject({ status: 'failed', error: { code: 'delivery_unknown' } });
      expect(atMeta(house, CUSTOMER)).toEqual([]);
    },
  );
});

describe('the policy', () => {
  test('`resend` sends again what Meta did not tell of, once', async () => {
    await using house = await startVirtualHouse(RESEND);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    const shown = await comesTo(house, id, 'accepted');
    expect(shown.attempts).toMatchObject([
      { attempt: 1, outcome: 'unknown', detail: expect.stringMatching(/sent again at/) },
      { attempt: 2, outcome: 'accepted' },
    ]);
    expect(atMeta(house, CUSTOMER)).toEqual(['Halo']);
  });

  test('`fail` never does', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await house.pass(SECOND);
    await witness(house);
    await house.pass(40 * MINUTE);
    expect((await show(house, id)).attempts).toHaveLength(1);
    expect(atMeta(house, CUSTOMER)).toEqual([]);
  });

  test('`resend` does not hold for templates: any of them may be marketing', async () => {
    await using house = await startVirtualHouse(RESEND);
    house.simulator.control.putFault({ effect: { kind: 'not_taken', how: 'reset' }, times: 1 });
    const template = { name: 'hello', language: { code: 'en' } };
    const reply = await house.request(
      'POST',
      `/v1/${PHONE_NUMBER_ID}/messages`,
      { messaging_product: 'whatsapp', to: CUSTOMER, type: 'template', template },
      { prefer: 'respond-async' },
    );
    const { id } = reply.body.data;
    await comesTo(house, id, 'unknown');
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    expect(await show(house, id)).toMatchObject({ status: 'failed', error: { code: 'delivery_unknown' } });
    expect((await show(house, id)).attempts).toHaveLength(1);
  });

  test('that becomes `resend` when followers were let go under `fail` sends nothing behind them', async () => {
    await using house = await startVirtualHouse(FAIL);
    const { id } = await lose(house, { to: CUSTOMER, taken: false });
    await comesTo(house, await post(house, CUSTOMER, 'follower'), 'accepted');
    await house.ctx.db.query("update numbers set on_unknown = 'resend'");
    await house.pass(SECOND);
    await witness(house);
    await house.pass(11 * MINUTE);
    expect(await show(house, id)).toMatchObject({ status: 'failed', error: { code: 'delivery_unknown' } });
    expect(atMeta(house, CUSTOMER)).toEqual(['follower']);
  });

  test('`resend` keeps the followers of an unknown outcome back until it is settled', async () => {
    await using house = await startVirtualHouse(RESEND);
    await lose(house, { to: CUSTOMER, text: 'first', taken: false });
    const follower = await post(house, CUSTOMER, 'second');
    await house.pass(9 * MINUTE);
    expect(await show(house, follower)).toMatchObject({ status: 'queued', waiting: { for: 'turn' } });
    await witness(house);
    await house.pass(2 * MINUTE);
    await comesTo(house, follower, 'accepted');
    expect(atMeta(house, CUSTOMER)).toEqual(['first', 'second']);
  });

  test('`fail` keeps them back until the call has ended, and no longer', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    house.simulator.control.putFault({ effect: { kind: 'not_taken', how: 'timeout' }, times: 1 });
    const id = await post(house, CUSTOMER, 'first');
    await comesTo(house, id, 'under_way');
    const follower = await post(house, CUSTOMER, 'second');
    await house.pass(19 * SECOND);
    expect((await show(house, follower)).status).toBe('queued');
    expect(await show(house, id)).toMatchObject({ waiting: { for: 'answer' } });
    // A call takes 20 s and not a moment longer: what others know of its end rests on that.
    await house.pass(SECOND);
    await comesTo(house, follower, 'accepted');
    expect((await show(house, id)).attempts).toMatchObject([
      { outcome: 'unknown', detail: expect.stringMatching(/did not answer within 20 s.*not known/) },
    ]);
  });
});

test('a second copy is told: both ids of Meta’s stand with the message', async () => {
  await using house = await startVirtualHouse(RESEND);
  const { id, wamid = '' } = await lose(house, { to: CUSTOMER, taken: true });
  await house.pass(SECOND);
  await witness(house);
  await house.pass(11 * MINUTE);
  // Meta told of a later one, and not of this: it took it all the same.
  const { message_id: second } = await comesTo(house, id, 'accepted');
  expect(atMeta(house, CUSTOMER)).toHaveLength(2);
  house.simulator.control.pushStatus({ message: wamid, status: 'sent' });
  const shown = await until('the duplicate', async () => {
    const now = await show(house, id);
    return now.other_message_ids !== undefined && now;
  });
  expect(shown).toMatchObject({ message_id: second, other_message_ids: [wamid] });
});

test('a template that Meta holds back for its quality is accepted, however long it is silent', async () => {
  await using meta = await startMetaByHand();
  const held = { id: 'wamid.held', message_status: 'held_for_quality_assessment' };
  meta.react(() => ({ kind: 'say', body: { messaging_product: 'whatsapp', messages: [held] } }));
  await using house = await startVirtualHouse({ ...RESEND, config: { times: SPARSE, graphUrl: meta.url } });
  const template = { name: 'hello', language: { code: 'en' } };
  const body = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'template', template };
  const reply = await house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, body);
  const { id } = reply.body.data;
  await house.pass(40 * MINUTE);
  expect(await show(house, id)).toMatchObject({ status: 'pending', message_id: 'wamid.held' });
  expect(await show(house, id)).not.toHaveProperty('waiting');
  expect(meta.calls).toHaveLength(1);
  await tellStatuses(house, { wamid: 'wamid.held', status: 'failed', code: 132_015 });
  expect(await show(house, id)).toMatchObject({ status: 'failed', error: { code: 'template_paused' } });
});

async function deafForAWhile(house: VirtualHouse): Promise<void> {
  house.node.clock.sleep();
  await house.pass(100 * SECOND);
  house.node.clock.wake();
  await house.pass(20 * SECOND);
}

async function refuseAWebhook(house: VirtualHouse): Promise<void> {
  await house.ctx.db.query('alter table conversations rename to away');
  await refuseOne(house);
  await house.still();
  await house.ctx.db.query('alter table away rename to conversations');
  await house.pass(20 * SECOND);
}

async function refuseOne(house: VirtualHouse): Promise<void> {
  house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo?' });
  await until('it is refused', async () =>
    house.simulator.control
      .journal(0, 1_000)
      .some((entry) => entry.kind === 'webhook' && entry.answer === 503),
  );
}
