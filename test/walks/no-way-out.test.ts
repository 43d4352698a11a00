// Nothing gets stuck: a message whose caller was owed a wamid ends with the wait, whatever Meta said before, and frees its customer; a number
// that Meta made us stop comes back with the first message that Meta takes.
import { expect, test } from 'vitest';

import { messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';

const TO = '+12025550120';
const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;
const text = (body: string) => ({ messaging_product: 'whatsapp', to: TO, type: 'text', text: { body } });

test('Meta says 503 for as long as the caller waits: outcome unknown, and the customer’s next message goes', async () => {
  await using house = await startHouse({ simulator: { windowEnforced: false }, config: { sendWaitMs: 700 } });
  house.simulator.control.putFault({
    effect: { kind: 'graph_error', code: 2, http: 503, retry_after_s: 30 },
    times: 1,
  });
  const first = await house.request('POST', GRAPH, text('first'));
  expect(first.status, first.text).toBe(500);
  expect(first.body.error).toMatchObject({ code: 2, is_transient: false });
  const id = first.headers.get('x-kurir-message-id') ?? '';
  const shown = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages/${id}`);
  expect(shown.body.data).toMatchObject({ status: 'failed', error: { code: 'delivery_unknown' } });
  const second = await house.sendText(TO, 'second', { prefer: 'wait=10' });
  expect(second.status, second.text).toBe(200);
  const there = await until('the second message', async () => {
    const messages = house.simulator.control.messages({ to: TO.slice(1), direction: 'outbound' });
    return messages.length > 0 && messages;
  });
  expect(there.map((one) => one.text)).toEqual(['second']);
});

test('one bad answer stops the number, the next message that Meta takes connects it again', async () => {
  await using house = await startHouse({ simulator: { windowEnforced: false } });
  house.simulator.control.putFault({ effect: { kind: 'token_expired' }, times: 1 });
  const refused = await house.request('POST', GRAPH, text('first'));
  expect(refused.status, refused.text).toBe(401);
  await until('the number to say so', async () => (await statusOfNumber(house)) === 'degraded');
  // Written down a moment before the gateway has read it again: what comes between the two is queued.
  const stopped = await until('a send to be refused', async () => {
    const reply = await house.sendText(TO, 'while stopped', { prefer: 'respond-async' });
    return reply.status !== 200 && reply;
  });
  expect(stopped.status, stopped.text).toBe(422);
  expect(stopped.body.error.code).toBe('account_not_connected');
  // A new start tries at once what would be tried after a while.
  await house.restart();
  const sent = await house.sendText(TO, 'again', { prefer: 'wait=10' });
  expect(sent.status, sent.text).toBe(200);
  await until('the number is connected', async () => (await statusOfNumber(house)) === 'connected');
});

test('a webhook from tomorrow opens no window beyond today, and a repetition without a time is one message', async () => {
  await using house = await startHouse();
  const message = {
    from: '12025550177',
    id: 'wamid.tomorrow',
    timestamp: '99999999999',
    type: 'text',
    text: { body: 'x' },
  };
  const untimed = { from: '12025550177', id: 'wamid.untimed', type: 'text', text: { body: 'y' } };
  for (let i = 0; i < 3; i++) {
    expect((await postWebhook(house, messageEnvelope([message]))).status).toBe(200);
    expect((await postWebhook(house, messageEnvelope([untimed]))).status).toBe(200);
  }
  const list = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages?direction=inbound`);
  expect(list.body.data).toHaveLength(2);
  for (const one of list.body.data)
    expect(Date.parse(one.created_at)).toBeLessThanOrEqual(Date.now() + 1_000);
});

async function statusOfNumber(house: House): Promise<string> {
  const accounts = await house.request('GET', '/v1/accounts?status=all');
  return accounts.body.data[0].status;
}
