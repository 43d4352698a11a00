// Kurir's own ids where Meta wants its own: in a read receipt, in what is quoted, in what is reacted to.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until, type Reply } from '../support/house.ts';
import { startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';

const CUSTOMER = '628111222333';
const OTHER_NUMBER = '106540352242924';
const MESSAGES = `/v1/${PHONE_NUMBER_ID}/messages`;
const NOBODYS = 'msg_01KQ0000000000000000000000';

let house: TappedHouse;
beforeAll(async () => {
  house = await startTappedHouse();
  house.simulator.control.createPhone({ phone: CUSTOMER, window: 'open' });
});
afterAll(() => house[Symbol.asyncDispose]());

/** A message of the customer's, by both ids. */
async function written(): Promise<{ id: string; wamid: string }> {
  const { id: wamid } = house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo' });
  return until('it', async () => {
    const found = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid)}`);
    return found.body.data[0] && { id: found.body.data[0].id, wamid };
  });
}

function receipt(message_id: string, number = PHONE_NUMBER_ID): Promise<Reply> {
  const body = { messaging_product: 'whatsapp', status: 'read', message_id };
  return house.request('POST', `/v1/${number}/messages`, body);
}

function send(more: object, path = MESSAGES): Promise<Reply> {
  const text = { messaging_product: 'whatsapp', to: `+${CUSTOMER}`, type: 'text', text: { body: 'Ya' } };
  return house.request('POST', path, { ...text, ...more });
}

test('a receipt names a message by Kurir’s id, and Meta is told its own', async () => {
  const { id, wamid } = await written();
  const read = await receipt(id);
  expectStatus(read, 200);
  expect(read.body.data).toEqual({ id, object: 'message', status: 'read', message_id: wamid });
  expect(house.tap.calls.at(-1)?.body).toMatchObject({ status: 'read', message_id: wamid });
  const graph = await house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, {
    messaging_product: 'whatsapp',
    status: 'read',
    message_id: (await written()).id,
  });
  expect(graph.body).toEqual({ success: true });
});

test('a receipt for what the number does not have: 404; for what it sent: 400', async () => {
  expectKirimError(await receipt(NOBODYS), 'resource_not_found', 'message_id');
  await house.addNumber({ phoneNumberId: OTHER_NUMBER, phone: '628511760008030' });
  const { id } = await written();
  expectKirimError(await receipt(id, OTHER_NUMBER), 'resource_not_found', 'message_id');
  const sent = await house.sendText(`+${CUSTOMER}`);
  expectKirimError(await receipt(sent.body.data.id), 'invalid_field_value', 'message_id');
});

test.each([MESSAGES, '/v1/messages', `/v24.0/${PHONE_NUMBER_ID}/messages`])(
  'what is quoted, in POST %s',
  async (path) => {
    const { id, wamid } = await written();
    const flat = path === '/v1/messages' ? { from: '+628511760008029' } : {};
    expect([200, 202]).toContain((await send({ ...flat, context: { message_id: id } }, path)).status);
    expect(house.tap.calls.at(-1)?.body).toMatchObject({ context: { message_id: wamid } });
  },
);

test('what is reacted to; the same key again is the same message', async () => {
  const { id, wamid } = await written();
  const reaction = { type: 'reaction', text: undefined, reaction: { message_id: id, emoji: '👍' } };
  const [first, again] = [1, 2].map(() =>
    house.request(
      'POST',
      MESSAGES,
      { messaging_product: 'whatsapp', to: `+${CUSTOMER}`, ...reaction },
      {
        'idempotency-key': id,
      },
    ),
  );
  expect((await again)?.body.data.id).toBe((await first)?.body.data.id);
  expect(house.tap.calls.at(-1)?.body).toMatchObject({ reaction: { message_id: wamid, emoji: '👍' } });
});

test('what is not there, or not at Meta yet, is not quoted', async () => {
  const context = { message_id: NOBODYS };
  expectKirimError(await send({ context }), 'resource_not_found', 'context.message_id');
  const graph = await send({ context }, `/v24.0/${PHONE_NUMBER_ID}/messages`);
  expectGraphError(graph, { status: 400, code: 100 });
  house.tap.rule(() => 'break');
  const lost = await house.request(
    'POST',
    MESSAGES,
    { messaging_product: 'whatsapp', to: '+628111222334', type: 'text', text: { body: 'a' } },
    { prefer: 'respond-async' },
  );
  const refused = await send({ context: { message_id: lost.body.data.id } });
  expect(expectKirimError(refused, 'invalid_field_value', 'context.message_id').message).toContain('wamid');
  house.tap.rule(() => 'pass');
});
