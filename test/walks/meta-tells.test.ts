// What Meta tells, as the simulator tells it: in batches, twice, backwards, before its own answer, after an outage, to several numbers of
// one app, of customers without a phone number. Nothing of it is lost, and nothing happens twice.
import { describe, expect, test } from 'vitest';

import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { gate, startTappedHouse } from '../support/meta-tap.ts';
import { newWamid, statusOf } from '../support/meta-webhook.ts';
import { envelope, postWebhook } from '../support/signed-webhooks.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+12025550120';
const ASYNC = { prefer: 'respond-async' };
const OPEN = { windowEnforced: false };
const QUIET = { ...OPEN, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } };
const SECOND = { phoneNumberId: '106540352242923', phone: '628511760008030' };
const TEXT = { messaging_product: 'whatsapp', type: 'text', text: { body: 'Halo' } };

interface Shown {
  id: string;
  status: string;
  message_id: string;
  status_times: Record<string, string>;
  from: string;
  to: string;
}

async function show(house: House, id: string): Promise<Shown> {
  return (await house.request('GET', `/v1/messages/${id}`)).body.data;
}

async function inbound(house: House, number = PHONE_NUMBER_ID): Promise<Shown[]> {
  return (await house.request('GET', `/v1/${number}/messages?direction=inbound&limit=100`)).body.data;
}

function becomes(house: House, id: string, status: string): Promise<Shown> {
  return until(`${id} is ${status}`, async () => {
    const shown = await show(house, id);
    return shown.status === status && shown;
  });
}

/** A number's ids of messages to twenty customers, all with Meta. */
async function twentySent(house: House): Promise<{ id: string; wamid: string }[]> {
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => house.sendText(`+12025550${120 + i}`, 'Halo', { prefer: 'wait=1' })),
  );
  return Promise.all(
    replies.map(async ({ body }) => {
      const wamid = await until(
        'Meta’s id',
        async () => (await show(house, body.data.id)).message_id ?? undefined,
      );
      return { id: body.data.id, wamid };
    }),
  );
}

describe('twenty changes in one POST', () => {
  test('by hand, spread over entries, changes and statuses, among strangers: all are applied', async () => {
    await using house = await startHouse({ simulator: QUIET, config: { sendWaitMs: 1_000 } });
    const sent = await twentySent(house);
    const values = sent.map(({ wamid }, i) =>
      i % 2 === 0
        ? { statuses: [statusOf({ wamid, status: 'delivered' })] }
        : {
            statuses: [
              statusOf({ wamid: newWamid(), status: 'read' }),
              statusOf({ wamid, status: 'delivered' }),
            ],
          },
    );
    const whole = envelope(values);
    const entry = whole['entry'];
    if (!Array.isArray(entry)) throw new Error('An envelope has entries.');
    const strange = {
      id: '1',
      changes: [{ field: 'messages', value: { metadata: { phone_number_id: '999999' } } }],
    };
    const posted = await postWebhook(house, { ...whole, entry: [strange, ...entry, strange] });
    expectStatus(posted, 200);
    for (const { id } of sent) expect((await show(house, id)).status).toBe('delivered');
  });

  test('by the simulator’s own batching: all are applied', async () => {
    await using house = await startHouse({ simulator: { ...OPEN, webhookBatchSize: 20 } });
    const sent = await twentySent(house);
    for (const { id } of sent) await becomes(house, id, 'delivered');
    await house.simulator.control.settled();
    const posts = house.simulator.control.journal(0, 10_000).filter((entry) => entry.kind === 'webhook');
    expect(posts.length).toBeLessThan(40);
    expect(posts.every((post) => post.answer === 200)).toBe(true);
  });
});

describe('statuses', () => {
  test('before the answer to the send are applied, and are the answer', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const reply = await house.sendText(CUSTOMER);
    expectStatus(reply, 200);
    expect(['sent', 'delivered']).toContain(reply.body.data.status);
    const shown = await becomes(house, reply.body.data.id, 'delivered');
    held.open();
    // The answer has been taken when the next message, which stands behind it, has gone.
    expectStatus(await house.sendText(CUSTOMER, 'next'), 200);
    expect(await show(house, shown.id)).toMatchObject({ status: 'delivered', message_id: shown.message_id });
    expect(house.simulator.control.messages({ to: CUSTOMER })).toHaveLength(2);
  });

  test('told three times each are applied once', async () => {
    await using house = await startHouse();
    const { id } = (await house.sendText('+12025550112', 'Halo', ASYNC)).body.data;
    const first = await becomes(house, id, 'delivered');
    await house.simulator.control.settled();
    expect(await show(house, id)).toEqual(first);
  });

  test('told backwards end where they should', async () => {
    await using house = await startHouse();
    const { id } = (await house.sendText('+12025550113', 'Halo', ASYNC)).body.data;
    const shown = await until('both are told', async () => {
      const now = await show(house, id);
      return 'sent' in now.status_times && 'delivered' in now.status_times && now;
    });
    expect(shown.status).toBe('delivered');
  });

  test('shuffled by Meta on their way end where they should', async () => {
    await using house = await startHouse({ simulator: OPEN });
    house.simulator.control.putFault({ effect: { kind: 'reorder' } });
    house.simulator.control.putFault({ effect: { kind: 'duplicate', n: 2 } });
    const sent = await twentySent(house);
    house.simulator.control.clearFaults();
    for (const { id, wamid } of sent) {
      house.simulator.control.pushStatus({ message: wamid, status: 'read' });
      house.simulator.control.pushStatus({ message: wamid, status: 'sent' });
      await becomes(house, id, 'read');
    }
    await house.simulator.control.settled();
    for (const { id } of sent) expect((await show(house, id)).status).toBe('read');
  });

  test('failed, then delivered all the same: delivered', async () => {
    await using house = await startHouse();
    const { id } = (await house.sendText('+12025550111', 'Halo', ASYNC)).body.data;
    const shown = await becomes(house, id, 'delivered');
    expect(shown).not.toHaveProperty('error');
  });

  test.each([
    ['not on WhatsApp', '+12025550104', 'recipient_not_on_whatsapp', 131_026],
    ['outside the window', '+12025550106', 'outside_24h_window', 131_047],
  ])('of a customer who is %s: failed, with the reason', async (_what, to, code, providerCode) => {
    await using house = await startHouse();
    const { id } = (await house.sendText(to, 'Halo', ASYNC)).body.data;
    expect(await becomes(house, id, 'failed')).toMatchObject({
      error: { code, provider_code: providerCode },
    });
  });

  test('that were not heard, since the gateway was down, are told again and applied', async () => {
    const patient = { ...OPEN, webhookRetryMs: [50, 100, 200, ...Array.from({ length: 50 }, () => 300)] };
    await using house = await startTappedHouse({
      simulator: { ...patient, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } },
    });
    const sent = await twentySent(house);
    const { port } = new URL(house.gateway.url);
    await house.gateway.close();
    for (const { wamid } of sent) house.simulator.control.pushStatus({ message: wamid, status: 'delivered' });
    house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo?' });
    await until('Meta has knocked in vain', async () =>
      house.simulator.control
        .journal(0, 10_000)
        .some((entry) => entry.kind === 'webhook' && entry.answer !== 200),
    );
    await house.restart();
    expect(new URL(house.gateway.url).port).toBe(port);
    for (const { id } of sent) await becomes(house, id, 'delivered');
    await until('what the customer wrote', async () => (await inbound(house)).length === 1);
  });
});

describe('two numbers of one app', () => {
  test('both send, and both hear', async () => {
    await using house = await startHouse({ simulator: OPEN });
    house.simulator.control.putNumber(SECOND.phoneNumberId, { display_phone_number: `+${SECOND.phone}` });
    await house.addNumber(SECOND);
    await house.restart();
    for (const number of [PHONE_NUMBER_ID, SECOND.phoneNumberId]) {
      const reply = await house.request('POST', `/v1/${number}/messages`, { ...TEXT, to: CUSTOMER });
      await becomes(house, reply.body.data.id, 'delivered');
      const { id } = house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo', number });
      const [message] = await until('the customer’s message', async () => {
        const found = await inbound(house, number);
        return found.length === 1 && found;
      });
      expect(message?.message_id).toBe(id);
    }
    expect(await inbound(house)).toMatchObject([{ to: '+628511760008029' }]);
    expect(await inbound(house, SECOND.phoneNumberId)).toMatchObject([{ to: `+${SECOND.phone}` }]);
  });
});

describe('a customer without a phone number', () => {
  test('is stored under the user id, marked as read, and can be answered', async () => {
    await using house = await startHouse();
    const { phone, user_id: userId } = house.simulator.control.createPhone({ username_user: true });
    const { id: wamid } = house.simulator.control.send(phone, { type: 'text', text: 'Halo' });
    const message = await until('the message', async () => (await inbound(house))[0]);
    expect(message).toMatchObject({ from: userId, message_id: wamid, content: 'Halo' });
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: wamid };
    expectStatus(await house.request('POST', KIRIM, receipt), 200);
    const reply = await house.request('POST', KIRIM, { ...TEXT, recipient: userId });
    expectStatus(reply, 200);
    expect(reply.body.data.to).toBe(userId);
    await becomes(house, reply.body.data.id, 'delivered');
    expect(JSON.stringify(await show(house, reply.body.data.id))).not.toContain(phone);
  });
});

test('what a customer writes is stored once, however often it is told', async () => {
  await using house = await startHouse();
  house.simulator.control.putFault({ effect: { kind: 'duplicate', n: 5 } });
  for (let i = 0; i < 5; i++) house.simulator.control.send(CUSTOMER, { type: 'text', text: `Halo ${i}` });
  await until('the messages', async () => (await inbound(house)).length === 5);
  await house.simulator.control.settled();
  expect(await inbound(house)).toHaveLength(5);
});

test('a webhook with a forged signature changes nothing and is refused', async () => {
  await using house = await startHouse({ simulator: QUIET });
  const { id, message_id: wamid } = (await house.sendText(CUSTOMER, 'Halo', { prefer: 'wait=1' })).body.data;
  house.simulator.control.putFault({ effect: { kind: 'forged_signature' } });
  house.simulator.control.pushStatus({ message: wamid, status: 'read' });
  house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo' });
  const answers = await until('the posts', async () => {
    const posts = house.simulator.control.journal(0, 1_000).filter((entry) => entry.kind === 'webhook');
    return posts.length >= 2 && posts.map((post) => post.answer);
  });
  expect(new Set(answers)).toEqual(new Set([401]));
  expect((await show(house, id)).status).toBe('pending');
  expect(await inbound(house)).toEqual([]);
});
