// The histories that break a send protocol which lacks one of its sentences (see docs/protocol.md), each forced by hand on two gateways
// over one schema: statements held or braked, heartbeats that do not come, calls that Meta keeps. With the sentence, each ends well.
import { describe, expect, test } from 'vitest';

import { connectAlone, putBrake } from '../support/brake.ts';
import { byText, CUSTOMER, DIGITS, GRAPH, isOwnedBy, startWith, textsAt } from '../support/history.ts';
import { PHONE_NUMBER_ID, until } from '../support/house.ts';
import { becomes, comesTo, MINUTE, post, QUIET, SECOND, show } from '../support/lost-answer.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';
import { startVirtualHouse, type VirtualHouse, type VirtualNode } from '../support/virtual-house.ts';

/** The name of the statement, as it ends on the wire: columns have longer ones that begin with it. */
const ACCEPT = 'accept\0';

/** An accept at the first node whose statement has committed an intent, and whose answer has not come. */
async function acceptUnanswered(house: VirtualHouse, text: string): Promise<void> {
  house.node.wire.hold(ACCEPT);
  house.sendText(CUSTOMER, text, { prefer: 'respond-async' }).catch(() => undefined);
  await until('the intent', async () => {
    const rows = await house.ctx.db.query("select from message_states where state = 'intended'");
    return rows.length === 1;
  });
}

/** The first node sleeps upon its intent until another one has the lane, and wakes. */
async function sleepUponAnIntent(house: VirtualHouse, other: VirtualNode): Promise<void> {
  await acceptUnanswered(house, 'slept upon');
  house.node.clock.sleep();
  await house.pass(20 * SECOND);
  expect(await isOwnedBy(house, other)).toBe(true);
  house.node.clock.wake();
  await house.pass(SECOND);
}

describe('a node that slept with an intent committed and not called', () => {
  test('does not call it under an epoch that it lost: a late heartbeat gives it no lane back', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const other = await house.addVirtualNode();
    await sleepUponAnIntent(house, other);
    house.node.wire.release();
    await house.still();
    await house.pass(5 * SECOND);
    expect(meta.calls).toEqual([]);
    expect(await byText(other, 'slept upon')).toMatchObject({
      status: 'failed',
      attempts: [{ outcome: 'not_sent' }],
    });
  });

  test('does not call it under a later epoch of its own either', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const other = await house.addVirtualNode();
    await sleepUponAnIntent(house, other);
    await other.crash();
    await house.pass(20 * SECOND);
    expect(await isOwnedBy(house, house.node)).toBe(true);
    house.node.wire.release();
    await house.still();
    await house.pass(5 * SECOND);
    expect(meta.calls).toEqual([]);
    expect(await byText(house, 'slept upon')).toMatchObject({
      status: 'failed',
      attempts: [{ outcome: 'not_sent' }],
    });
  });

  test('queues it again when the lane is still its own, and sends it once', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    await acceptUnanswered(house, 'slept upon');
    house.node.clock.sleep();
    await house.pass(12 * SECOND);
    house.node.clock.wake();
    await house.pass(SECOND);
    house.node.wire.release();
    await house.still();
    await house.pass(5 * SECOND);
    await until('it is at Meta', async () => meta.calls.length > 0);
    await house.pass(2 * MINUTE);
    expect(textsAt(meta)).toEqual(['slept upon']);
  });

  test('is not robbed of a lane that it is taking anew, by a takeover that sees it free', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    const other = await house.addVirtualNode();
    house.node.clock.sleep();
    await using own = connectAlone(house);
    await own.transaction(async (tx) => {
      await tx.query('update lanes set epoch = epoch + 1');
      await house.pass(17 * SECOND);
    });
    expect(await isOwnedBy(house, other)).toBe(false);
  });
});

test('a node that does not know yet that it lost its lane accepts no intents for it: the new owner sends, at the first attempt', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  const other = await house.addVirtualNode();
  house.node.clock.sleep();
  await house.pass(20 * SECOND);
  expect(await isOwnedBy(house, other)).toBe(true);
  const id = await post(house, CUSTOMER);
  await house.pass(10 * SECOND);
  expect((await comesTo(house, id, 'accepted')).attempts).toMatchObject([
    { attempt: 1, outcome: 'accepted' },
  ]);
});

test('what a node is calling goes on when the lane is taken anew: it is not queued again', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  meta.react(() => ({ kind: 'hold' }));
  const id = await post(house, CUSTOMER, 'on the wire');
  await until('the call', async () => meta.calls.length === 1);
  house.node.clock.sleep();
  await house.pass(12 * SECOND);
  house.node.clock.wake();
  await house.pass(5 * SECOND);
  meta.letGo({ kind: 'hang up' });
  await comesTo(house, id, 'unknown');
  await house.pass(MINUTE);
  expect(textsAt(meta)).toEqual(['on the wire']);
});

test('an intent that commits after the takeover is found whenever it becomes visible, and blocks nobody', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  const other = await house.addVirtualNode();
  const brake = await putBrake(house, 'new.priority = 0');
  const lost = house.sendText(CUSTOMER, 'late intent', { prefer: 'respond-async', 'kurir-priority': 'high' });
  void lost.catch(() => undefined);
  await brake.reached();
  await house.node.crash();
  await house.pass(20 * SECOND);
  expect(await isOwnedBy(house, other)).toBe(true);
  await brake.letGo();
  await until(
    'it is visible',
    async () => (await house.ctx.db.query('select from message_states')).length > 0,
  );
  await house.pass(2 * SECOND);
  expect(await byText(other, 'late intent')).toMatchObject({
    status: 'pending',
    attempts: [{ outcome: 'unknown' }],
  });
  const follower = await post(other, CUSTOMER, 'follower');
  await house.pass(30 * SECOND);
  await until('the follower is at Meta', async () => meta.calls.length > 0);
  expect(textsAt(meta)).toEqual(['follower']);
  expect((await other.request('GET', `/v1/messages/${follower}`)).body.data.status).toBe('pending');
});

test('what another node has queued goes first, also where the owner does not know of it yet', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  const other = await house.addVirtualNode();
  // Time stands still: no hint arrives, and nobody looks.
  await post(other, CUSTOMER, 'older');
  await post(house, CUSTOMER, 'newer');
  await house.pass(5 * SECOND);
  await until('both at Meta', async () => meta.calls.length === 2);
  expect(textsAt(meta)).toEqual(['older', 'newer']);
});

test('two to one recipient that come into one statement are not called together', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  await house.pass(SECOND);
  meta.react(() => ({ kind: 'hold' }));
  // While this one's statement is under way, the others come together.
  house.node.wire.hold(ACCEPT);
  const first = post(house, '+12025550121', 'to another');
  await until('the statement', async () => house.node.wire.held() > 0);
  const both = ['one', 'two'].map((text) => post(house, CUSTOMER, text));
  await house.still();
  house.node.wire.release();
  await Promise.all([first, ...both]);
  await house.still();
  expect(meta.callsTo(DIGITS)).toHaveLength(1);
  meta.letGo();
  await house.pass(5 * SECOND);
  expect(meta.callsTo(DIGITS)).toHaveLength(2);
});

test('what waits for its next try is not overtaken by what comes meanwhile', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  meta.react(() => ({ kind: 'refuse', code: 131_016, status: 400 }));
  const id = await post(house, CUSTOMER, 'older');
  await comesTo(house, id, 'refused');
  await until('it waits', async () => (await show(house, id)).waiting.for === 'retry');
  meta.react(() => ({ kind: 'accept' }));
  await post(house, CUSTOMER, 'newer');
  await house.pass(MINUTE);
  expect(textsAt(meta)).toEqual(['older', 'older', 'newer']);
});

describe('what follows a call of a former owner', () => {
  test('waits until 30 s after that one’s last heartbeat', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const other = await house.addVirtualNode();
    meta.react(() => ({ kind: 'hold' }));
    await post(house, CUSTOMER, 'first');
    await until('the call', async () => meta.calls.length === 1);
    await house.node.crash();
    meta.react(() => ({ kind: 'accept' }));
    await house.pass(20 * SECOND);
    expect(await isOwnedBy(house, other)).toBe(true);
    await post(other, CUSTOMER, 'second');
    await house.pass(9 * SECOND);
    expect(textsAt(meta)).toEqual(['first']);
    await house.pass(3 * SECOND);
    await until('the second', async () => meta.calls.length === 2);
    expect(await byText(other, 'first')).toMatchObject({
      attempts: [{ outcome: 'unknown', detail: expect.stringMatching(/The node that called Meta stopped/) }],
    });
  });

  test('waits after a restart until 20 s after the start', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    meta.react(() => ({ kind: 'hold' }));
    await post(house, CUSTOMER, 'first');
    await until('the call', async () => meta.calls.length === 1);
    await house.node.crash();
    meta.react(() => ({ kind: 'accept' }));
    await house.pass(60 * SECOND);
    await house.revive();
    await post(house, CUSTOMER, 'second');
    await house.pass(19 * SECOND);
    expect(textsAt(meta)).toEqual(['first']);
    await house.pass(3 * SECOND);
    await until('the second', async () => meta.calls.length === 2);
  });

  test('is not followed by it again: a late no, even one for now, makes it failed with its code', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const other = await house.addVirtualNode();
    meta.react(() => ({ kind: 'hold' }));
    const first = await post(house, CUSTOMER, 'first');
    await until('the call', async () => meta.calls.length === 1);
    meta.react(() => ({ kind: 'accept' }));
    house.node.clock.sleep();
    await house.pass(20 * SECOND);
    expect(await isOwnedBy(house, other)).toBe(true);
    await post(other, CUSTOMER, 'second');
    await house.pass(15 * SECOND);
    await until('the second', async () => meta.calls.length === 2);
    meta.letGo({ kind: 'refuse', code: 130_429 });
    const shown = await becomes(house, first, 'failed');
    expect(shown).toMatchObject({
      error: { provider_code: 130_429 },
      attempts: [{ outcome: 'refused', provider_code: 130_429 }],
    });
    house.node.clock.wake();
    await house.pass(MINUTE);
    expect(textsAt(meta)).toEqual(['first', 'second']);
  });
});

test('one attempt is in flight for a recipient: an older one that becomes visible late waits for it, with a new owner too', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta, { onUnknown: 'resend' });
  const other = await house.addVirtualNode();
  const brake = await putBrake(house, 'new.priority = 0');
  other.wire.hold(ACCEPT);
  const older = other.sendText(CUSTOMER, 'older', { prefer: 'respond-async', 'kurir-priority': 'high' });
  await brake.reached();
  meta.react(() => ({ kind: 'hold' }));
  await post(house, CUSTOMER, 'newer');
  await until('the call', async () => meta.calls.length === 1);
  await brake.letGo();
  other.wire.release();
  await older;
  await house.pass(5 * SECOND);
  expect(textsAt(meta)).toEqual(['newer']);
  await house.node.crash();
  await house.pass(40 * SECOND);
  expect(await isOwnedBy(house, other)).toBe(true);
  expect(textsAt(meta)).toEqual(['newer']);
});

describe('a 5xx that Meta explains', () => {
  test('may be a lie: from then on the message counts as one that may have left', async () => {
    await using house = await startVirtualHouse({ simulator: QUIET });
    const lie = { kind: 'graph_error' as const, code: 131_016, http: 500, taken: true };
    house.simulator.control.putFault({ effect: lie });
    const id = await post(house, CUSTOMER);
    await comesTo(house, id, 'refused');
    await until('it waits', async () => (await show(house, id)).waiting.for === 'retry');
    expect((await show(house, id)).status).toBe('pending');
    const withdrawn = await house.request('DELETE', `/v1/${PHONE_NUMBER_ID}/messages/${id}`);
    expect(withdrawn.status, withdrawn.text).toBe(409);
    await house.pass(MINUTE);
    // At most two repeats; then a status of any of them tells the truth.
    expect(await show(house, id)).toMatchObject({ status: 'failed', error: { provider_code: 131_016 } });
    const copies = house.simulator.control.messages({ to: CUSTOMER });
    expect(copies).toHaveLength(3);
    house.simulator.control.pushStatus({ message: copies[0]?.id ?? '', status: 'sent' });
    expect(await becomes(house, id, 'sent')).toMatchObject({ message_id: copies[0]?.id });
  });
});

test('a node that holds a caller who is owed a wamid dies: nothing leaves after that caller’s wait', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  const other = await house.addVirtualNode();
  meta.react(() => ({ kind: 'hold' }));
  await post(house, CUSTOMER, 'first');
  await until('the call', async () => meta.calls.length === 1);
  const text = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: 'owed' } };
  const headers = { prefer: 'wait=5', 'idempotency-key': 'owed' };
  const owed = house.request('POST', GRAPH, text, headers);
  void owed.catch(() => undefined);
  await until(
    'it is queued',
    async () => (await house.ctx.db.query('select from message_states')).length === 2,
  );
  await house.node.crash();
  meta.react(() => ({ kind: 'accept' }));
  await house.pass(MINUTE);
  expect(await isOwnedBy(house, other)).toBe(true);
  expect(meta.callsTo(DIGITS)).toHaveLength(1);
  expect(await byText(other, 'owed')).toMatchObject({ status: 'failed', error: { code: 'withdrawn' } });
  const again = await other.request('POST', GRAPH, text, headers);
  expect(again.status, again.text).toBe(200);
  expect(textsAt(meta)).toEqual(['first', 'owed']);
});

test.each([
  ['owed a wamid', GRAPH, { prefer: 'wait=5' }, 'withdrawn'],
  ['gone past its expiry', `/v1/${PHONE_NUMBER_ID}/messages`, { 'kurir-expires-in': '5' }, 'expired'],
])('what a dead node left queued and %s is not sent by the next owner', async (text, path, headers, code) => {
  await using meta = await startMetaByHand();
  // One connection, which another customer's message has.
  await using house = await startWith(meta, { config: { metaConnections: 1 } });
  const other = await house.addVirtualNode();
  meta.react(() => ({ kind: 'hold' }));
  await post(house, '+12025550121', 'first');
  await until('the call', async () => meta.calls.length === 1);
  const message = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: text } };
  house.request('POST', path, message, headers).catch(() => undefined);
  await until(
    'it is queued',
    async () => (await house.ctx.db.query('select from message_states')).length === 2,
  );
  await house.node.crash();
  meta.react(() => ({ kind: 'accept' }));
  await house.pass(MINUTE);
  expect(await isOwnedBy(house, other)).toBe(true);
  expect(textsAt(meta)).toEqual(['first']);
  expect(await byText(other, text)).toMatchObject({ status: 'failed', error: { code } });
});
