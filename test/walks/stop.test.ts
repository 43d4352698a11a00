// A stop of the gateway: who waits is answered with what is known, who is half through asking is heard out, and no connection that is
// merely kept open holds it up.
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';

import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { gate, startTappedHouse } from '../support/meta-tap.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+12025550120';

/** A connection of the test's own, kept open. */
async function connection(house: House): Promise<{ socket: Socket; received: () => string }> {
  const { hostname, port } = new URL(house.gateway.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('utf8')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  return { socket, received: () => received };
}

async function isClosedToNewOnes(house: House): Promise<boolean> {
  try {
    const { socket } = await connection(house);
    socket.destroy();
    return false;
  } catch {
    return true;
  }
}

test.each([
  ['at once', { prefer: 'respond-async' }],
  ['with a wait, which is not waited any more', { prefer: 'wait=60' }],
])('a request that was half sent is heard out and answered %s', async (_how, { prefer }) => {
  await using house = await startHouse();
  const body = JSON.stringify({
    messaging_product: 'whatsapp',
    to: CUSTOMER,
    type: 'text',
    text: { body: 'Halo' },
  });
  const { socket, received } = await connection(house);
  socket.write(
    `POST ${KIRIM} HTTP/1.1\r\nHost: kurir.test\r\nAuthorization: Bearer ${house.apiKey}\r\nPrefer: ${prefer}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
  );
  // What came on another connection afterwards has been answered: the half request has been seen.
  expectStatus(await house.request('GET', '/v1/me'), 200);
  const closed = house.gateway.close();
  await until('no new connection', () => isClosedToNewOnes(house));
  socket.write(body.slice(20));
  await closed;
  await until('the answer', async () => received().includes('\r\n\r\n{'));
  expect(received()).toMatch(/^HTTP\/1\.1 200 /);
  expect(received()).toContain('"status":"queued"');
  socket.destroy();
});

test('a caller who waits is answered with what is known, and the outcome is kept', async () => {
  await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
  const held = gate();
  house.tap.rule(() => ({ answerAfter: held.opened }));
  const sending = house.sendText(CUSTOMER, 'under way');
  await until('the call', async () => house.tap.sends().length === 1);
  const restarted = house.restart();
  held.open();
  const reply = await sending;
  expectStatus(reply, 200);
  await restarted;
  const shown = await house.request('GET', `${KIRIM}/${reply.body.data.id}`);
  expect(shown.body.data.message_id).toMatch(/^wamid\./);
  expect(house.tap.sends()).toHaveLength(1);
});

test('what was queued goes on after the next start, in order', async () => {
  await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
  const held = gate();
  house.tap.rule(() => ({ answerAfter: held.opened }));
  const texts = ['one', 'two', 'three', 'four'];
  for (const text of texts) await house.sendText(CUSTOMER, text, { prefer: 'respond-async' });
  await until('the call', async () => house.tap.sends().length === 1);
  const restarted = house.restart();
  held.open();
  await restarted;
  await house.simulator.control.wait({ match: { to: CUSTOMER }, count: texts.length });
  expect(house.simulator.control.messages({ to: CUSTOMER }).map((message) => message.text)).toEqual(texts);
});
