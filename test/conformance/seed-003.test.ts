// Seed 003, Kirim's page on marking messages as read, to the letter: the receipt, the typing bubble, the repetition that costs no second
// call to Meta, and each refusal of its table.
import { beforeAll, afterAll, describe, expect, test } from 'vitest';

import { expectRefusal, MESSAGE_ID, REQUEST_ID } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until, type Reply } from '../support/house.ts';
import { refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { newWamid } from '../support/meta-webhook.ts';

const CUSTOMER = '+628123456789';
const WROTE = 'wamid.HBgNNjI4MTIzNDU2Nzg5FQIAEhggMUE5MDM1QzVDMUYxQTAyRkVCNzZDQjVDMjFFRDQzNTUA';
const OLD = '+628123450000';
const SECOND = { phoneNumberId: '106540352242923', phone: '628511760008030' };
const OTHERS = { phoneNumberId: '106540352242924', phone: '628511760008031' };
const DAY_MS = 86_400_000;

let house: TappedHouse;
let strangersKey: string;
beforeAll(async () => {
  house = await startTappedHouse({
    simulator: {
      numbers: [
        {
          phoneNumberId: PHONE_NUMBER_ID,
          displayPhoneNumber: '+628511760008029',
          verifiedName: 'Kopi Senja',
        },
        {
          phoneNumberId: SECOND.phoneNumberId,
          displayPhoneNumber: `+${SECOND.phone}`,
          verifiedName: 'Kopi Fajar',
        },
        {
          phoneNumberId: OTHERS.phoneNumberId,
          displayPhoneNumber: `+${OTHERS.phone}`,
          verifiedName: 'Teh Pagi',
        },
      ],
      phones: [
        { phone: CUSTOMER, wroteMsAgo: 60_000, wroteWamid: WROTE },
        { phone: OLD, wroteMsAgo: 31 * DAY_MS },
      ],
    },
  });
  const stranger = await house.addOrganisation('Teh Pagi');
  strangersKey = stranger.apiKey;
  await house.addNumber(SECOND);
  await house.addNumber({ ...OTHERS, organisationId: stranger.organisationId });
  await house.restart();
  await stored(WROTE);
});
afterAll(() => house[Symbol.asyncDispose]());

/** The message as Kirim has it, once it has come in. */
async function stored(wamid: string, number = PHONE_NUMBER_ID): Promise<{ id: string; status: string }> {
  return until(`the message ${wamid}`, async () => {
    const found = await house.request('GET', `/v1/${number}/messages?direction=inbound&limit=100`);
    return found.body.data.find((one: { message_id: string }) => one.message_id === wamid);
  });
}

/** The customer writes something new; its wamid. */
async function written(number = PHONE_NUMBER_ID): Promise<string> {
  const { id } = house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo', number });
  await stored(id, number);
  return id;
}

function markRead(wamid: string, more: object = {}, number = PHONE_NUMBER_ID): Promise<Reply> {
  const body = { messaging_product: 'whatsapp', status: 'read', message_id: wamid, ...more };
  return house.request('POST', `/v1/${number}/messages`, body);
}

function receiptsOf(wamid: string): object[] {
  return house.tap.calls.filter((call) => call.body['message_id'] === wamid).map((call) => call.body);
}

describe('the receipt', () => {
  test('turns the ticks blue and is answered with the inbound message’s id, `read`, and the wamid', async () => {
    const { id } = await stored(WROTE);
    const reply = await markRead(WROTE);
    expectStatus(reply, 200);
    expect(reply.body).toEqual({
      data: { id, object: 'message', status: 'read', message_id: WROTE },
      request_id: expect.stringMatching(REQUEST_ID),
    });
    expect(id).toMatch(MESSAGE_ID);
    expect(house.simulator.control.messages({ id: WROTE })).toMatchObject([{ status: 'read' }]);
    expect(await stored(WROTE)).toMatchObject({ id, status: 'read' });
    expect(receiptsOf(WROTE)).toEqual([{ messaging_product: 'whatsapp', status: 'read', message_id: WROTE }]);
  });

  test('with a typing indicator shows the bubble, until the first message out', async () => {
    const wamid = await written();
    const reply = await markRead(wamid, { typing_indicator: { type: 'text' } });
    expectStatus(reply, 200);
    expect(house.simulator.control.phone(CUSTOMER).sees_typing).toBe(true);
    expect(receiptsOf(wamid)).toMatchObject([{ typing_indicator: { type: 'text' } }]);
    expect((await house.sendText(CUSTOMER)).status).toBe(200);
    expect(house.simulator.control.phone(CUSTOMER).sees_typing).toBe(false);
  });

  test('without one shows no bubble', async () => {
    await markRead(await written());
    expect(house.simulator.control.phone(CUSTOMER).sees_typing).toBe(false);
  });
});

describe('the repetition', () => {
  test('is answered the same without another call to Meta', async () => {
    const wamid = await written();
    const first = await markRead(wamid);
    const second = await markRead(wamid);
    expect([second.status, second.body.data]).toEqual([first.status, first.body.data]);
    expect(second.body['request_id']).not.toBe(first.body['request_id']);
    expect(receiptsOf(wamid)).toHaveLength(1);
  });

  test('at the same moment is one call to Meta for all', async () => {
    const wamid = await written();
    const replies = await Promise.all(Array.from({ length: 10 }, () => markRead(wamid)));
    expect(new Set(replies.map((reply) => JSON.stringify([reply.status, reply.body.data]))).size).toBe(1);
    expect(receiptsOf(wamid)).toHaveLength(1);
  });

  test('after a restart of the gateway is known still', async () => {
    const wamid = await written();
    const first = await markRead(wamid);
    await house.restart();
    expect((await markRead(wamid)).body.data).toEqual(first.body.data);
    expect(receiptsOf(wamid)).toHaveLength(1);
  });

  test('of one that Meta did not take is told to Meta again', async () => {
    const wamid = await written();
    house.tap.rule(() => 'break');
    expectRefusal(await markRead(wamid), { status: 502, type: 'api_error', code: 'whatsapp_upstream_error' });
    house.tap.rule(() => 'pass');
    expect(await stored(wamid)).toMatchObject({ status: 'delivered' });
    expect((await markRead(wamid)).status).toBe(200);
    expect(receiptsOf(wamid)).toHaveLength(2);
    expect(house.simulator.control.messages({ id: wamid })).toMatchObject([{ status: 'read' }]);
  });
});

describe('404', () => {
  const notFound = { status: 404, type: 'not_found', code: 'resource_not_found', param: 'message_id' };

  test('for a wamid that nobody has', async () => {
    const wamid = newWamid();
    expectRefusal(await markRead(wamid), notFound);
    expect(receiptsOf(wamid)).toEqual([]);
  });

  test('for a wamid of another number of the organisation', async () => {
    const wamid = await written(SECOND.phoneNumberId);
    expectRefusal(await markRead(wamid), notFound);
    expect(receiptsOf(wamid)).toEqual([]);
    expect((await markRead(wamid, {}, SECOND.phoneNumberId)).status).toBe(200);
  });

  test('for a wamid, or a number, of another organisation', async () => {
    const { id: wamid } = house.simulator.control.send(CUSTOMER, {
      type: 'text',
      text: 'Halo',
      number: OTHERS.phoneNumberId,
    });
    await until('the stranger’s message', async () => {
      const headers = { authorization: `Bearer ${strangersKey}` };
      const found = await house.request('GET', `/v1/${OTHERS.phoneNumberId}/messages`, undefined, headers);
      return found.body.data.length === 1;
    });
    expectRefusal(await markRead(wamid), notFound);
    expectRefusal(await markRead(wamid, {}, OTHERS.phoneNumberId), { ...notFound, param: 'phone_number_id' });
    expect(receiptsOf(wamid)).toEqual([]);
  });
});

describe('400', () => {
  test('for a wamid of an outbound message', async () => {
    const sent = await house.sendText(CUSTOMER);
    const wamid: string = sent.body.data.message_id;
    expectRefusal(await markRead(wamid), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_field_value',
      param: 'message_id',
    });
    expect(receiptsOf(wamid)).toEqual([]);
  });

  test.each([
    ['status', 'invalid_field_value', { status: 'delivered' }],
    ['message_id', 'missing_required_field', { message_id: undefined }],
    ['message_id', 'invalid_field_value', { message_id: 7 }],
    ['messaging_product', 'missing_required_field', { messaging_product: undefined }],
    ['typing_indicator.type', 'invalid_field_value', { typing_indicator: { type: 'voice' } }],
    ['typing_indicator.type', 'missing_required_field', { typing_indicator: {} }],
    ['recipient', 'invalid_field_value', { recipient: 'x' }],
  ])('for a receipt whose %s is amiss: %s in %j', async (param, code, change) => {
    expectRefusal(await markRead(WROTE, change), { status: 400, type: 'invalid_request_error', code, param });
  });
});

describe('502', () => {
  const upstream = { status: 502, type: 'api_error', code: 'whatsapp_upstream_error' };

  test('for a message that is too old for Meta', async () => {
    const [message] = house.simulator.control.messages({ from: OLD });
    const wamid = message?.id ?? '';
    await stored(wamid);
    expectRefusal(await markRead(wamid), upstream);
    expect(receiptsOf(wamid)).toHaveLength(1);
    expect(await stored(wamid)).toMatchObject({ status: 'delivered' });
  });

  test('for another limit of Meta’s', async () => {
    const wamid = await written();
    house.tap.rule(() => refusal(131_009, { details: 'Parameter value is not valid' }));
    const reply = await markRead(wamid);
    house.tap.rule(() => 'pass');
    expectRefusal(reply, upstream);
  });
});
