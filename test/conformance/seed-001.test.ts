// Seed 001, the same operation with its schemas: each constraint of the request at its border and just past it, each field of the
// answers in its type.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { expectRefusal, expectSent, WAMID } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until } from '../support/house.ts';
import { gate, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { customerWrites, newWamid } from '../support/meta-webhook.ts';

const PATH = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+628111111111';
const TEXT = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: 'Halo' } };

let house: TappedHouse;
beforeAll(async () => {
  house = await startTappedHouse({ simulator: { windowEnforced: false } });
});
afterAll(() => house[Symbol.asyncDispose]());

describe('the example', () => {
  const example = {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: 'example',
    type: 'text',
    text: { body: 'example', preview_url: true },
  };

  test('with its placeholder is refused, naming `to`', async () => {
    expectRefusal(await house.request('POST', PATH, example), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_phone_number',
      param: 'to',
    });
  });

  test('with a number is accepted', async () => {
    const reply = await house.request('POST', PATH, { ...example, to: CUSTOMER });
    expectSent(reply, { status: 200, to: CUSTOMER, type: 'text' });
  });
});

describe('phone_number_id', () => {
  test.each([
    ['5 digits', '12345'],
    ['21 digits', '1'.repeat(21)],
    ['letters', '10654035224292x'],
    ['a number that nobody has', '123456'],
  ])('of %s is not found', async (_what, id) => {
    expectRefusal(await house.request('POST', `/v1/${id}/messages`, TEXT), {
      status: 404,
      type: 'not_found',
      code: 'resource_not_found',
      param: 'phone_number_id',
    });
  });

  test('of 6 and of 20 digits are numbers like any other', async () => {
    const ids = ['654321', '9'.repeat(20)];
    const numbers = ids.map((phoneNumberId, i) => ({
      phoneNumberId,
      displayPhoneNumber: `+62851176000803${i}`,
      verifiedName: 'Kopi Senja',
    }));
    await using wide = await startTappedHouse({ simulator: { numbers, windowEnforced: false } });
    for (const [i, phoneNumberId] of ids.entries())
      await wide.addNumber({ phoneNumberId, phone: `62851176000803${i}` });
    // Their lanes are taken at once.
    await wide.restart();
    for (const phoneNumberId of ids) {
      const reply = await wide.request('POST', `/v1/${phoneNumberId}/messages`, TEXT);
      expectSent(reply, { status: 200, to: CUSTOMER, type: 'text' });
    }
  });
});

describe('the request', () => {
  test.each(['messaging_product', 'to', 'type', 'text'] as const)('%s is required', async (field) => {
    const { [field]: _left, ...body } = TEXT;
    expectRefusal(await house.request('POST', PATH, body), {
      status: 400,
      type: 'invalid_request_error',
      code: 'missing_required_field',
      param: field,
    });
  });

  test('text.body is required', async () => {
    expectRefusal(await house.request('POST', PATH, { ...TEXT, text: { preview_url: true } }), {
      status: 400,
      type: 'invalid_request_error',
      code: 'missing_required_field',
      param: 'text.body',
    });
  });

  test.each<[string, object]>([
    ['messaging_product', { messaging_product: 'telegram' }],
    ['messaging_product', { messaging_product: true }],
    ['recipient_type', { recipient_type: 'everyone' }],
    ['to', { to: 628111111111 }],
    ['type', { type: 'carrier_pigeon' }],
    ['type', { type: ['text'] }],
    ['text', { text: 'Halo' }],
    ['text.body', { text: { body: '' } }],
    ['text.body', { text: { body: 'x'.repeat(4097) } }],
    ['text.body', { text: { body: 7 } }],
    ['text.preview_url', { text: { body: 'Halo', preview_url: 'yes' } }],
    ['text.colour', { text: { body: 'Halo', colour: 'red' } }],
    ['subject', { subject: 'Halo' }],
  ])('%s is refused in %j', async (param, change) => {
    expectRefusal(await house.request('POST', PATH, { ...TEXT, ...change }), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_field_value',
      param,
    });
  });

  test.each([
    ['one character', 'x'],
    ['4096 characters', 'x'.repeat(4096)],
    ['4096 characters beyond the basic plane', '🍵'.repeat(4096)],
  ])('text.body of %s reaches Meta whole', async (_what, body) => {
    const reply = await house.request('POST', PATH, { ...TEXT, text: { body } });
    expectSent(reply, { status: 200, to: CUSTOMER, type: 'text' });
    expect(house.tap.sends().at(-1)?.body['text']).toEqual({ body });
  });

  test.each([true, false])('text.preview_url may be %s', async (preview) => {
    const text = { body: 'https://shop.example.com', preview_url: preview };
    expectSent(await house.request('POST', PATH, { ...TEXT, text }), {
      status: 200,
      to: CUSTOMER,
      type: 'text',
    });
    expect(house.tap.sends().at(-1)?.body['text']).toEqual(text);
  });

  test('recipient_type may be individual, or left out', async () => {
    expectSent(await house.request('POST', PATH, { ...TEXT, recipient_type: 'individual' }), {
      status: 200,
      to: CUSTOMER,
      type: 'text',
    });
    expectSent(await house.request('POST', PATH, TEXT), { status: 200, to: CUSTOMER, type: 'text' });
  });

  test('idempotency-key is optional, in whatever case it is written', async () => {
    const bare = await house.request('POST', PATH, TEXT);
    expect(bare.headers.get('idempotent-replayed')).toBeNull();
    const lower = await house.request('POST', PATH, TEXT, { 'idempotency-key': 'case' });
    expect(lower.headers.get('idempotent-replayed')).toBe('false');
    const upper = await house.request('POST', PATH, TEXT, { 'IDEMPOTENCY-KEY': 'case' });
    expect(upper.headers.get('idempotent-replayed')).toBe('true');
    expect(upper.body.data.id).toBe(lower.body.data.id);
  });
});

describe('the answer', () => {
  test('of a failed message holds its error: code, message, and Meta’s own code', async () => {
    house.tap.rule(() => refusal(132015, { details: 'The template is paused.' }));
    const template = { name: 'order_confirmation', language: { code: 'id' } };
    const reply = await house.request('POST', PATH, { ...TEXT, text: undefined, type: 'template', template });
    house.tap.rule(() => 'pass');
    expectSent(reply, { status: 200, to: CUSTOMER, type: 'template' });
    expect(reply.body.data).toMatchObject({
      status: 'failed',
      error: { code: 'template_paused', message: 'The template is paused.', provider_code: 132015 },
    });
  });

  test('of a failure that is ours has no code of Meta’s', async () => {
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const to = '+628111111119';
    await house.request('POST', PATH, { ...TEXT, to }, { prefer: 'respond-async' });
    const queued = await house.request('POST', PATH, { ...TEXT, to }, { prefer: 'respond-async' });
    const withdrawn = await house.request('DELETE', `${PATH}/${queued.body.data.id}`);
    held.open();
    house.tap.rule(() => 'pass');
    expect(withdrawn.body.data.error).toEqual({
      code: 'withdrawn',
      message: expect.any(String),
      provider_code: null,
    });
  });

  test('goes through the statuses of the list and no others', async () => {
    const seen = new Set<string>();
    const held = gate();
    house.tap.rule(() => held.opened.then(() => 'pass'));
    const to = '+628111111118';
    const first = await house.request('POST', PATH, { ...TEXT, to }, { prefer: 'respond-async' });
    const second = await house.request('POST', PATH, { ...TEXT, to }, { prefer: 'respond-async' });
    const look = async (id: string): Promise<string> => {
      const { status } = (await house.request('GET', `${PATH}/${id}`)).body.data;
      seen.add(status);
      return status;
    };
    expect(await look(first.body.data.id)).toBe('pending');
    expect(await look(second.body.data.id)).toBe('queued');
    held.open();
    house.tap.rule(() => 'pass');
    await until('delivered', async () => (await look(second.body.data.id)) === 'delivered');
    for (const status of seen) expect(['queued', 'pending', 'sent', 'delivered']).toContain(status);
  });

  test('of a receipt has the inbound message’s id, `read`, and the wamid', async () => {
    const wamid = await customerWrites(house);
    house.tap.rule(() => ({ status: 200, body: { success: true } }));
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: wamid };
    const reply = await house.request('POST', PATH, receipt);
    house.tap.rule(() => 'pass');
    expectStatus(reply, 200);
    const inbound = await house.request('GET', `${PATH}/${reply.body.data.id}`);
    expect(inbound.body.data).toMatchObject({ direction: 'inbound', message_id: wamid, status: 'read' });
    expect(wamid).toMatch(WAMID);
  });
});

test('every kind of refusal has the same envelope', async () => {
  const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: newWamid() };
  const validation = { type: 'invalid_request_error', status: 400 };
  expectRefusal(await house.request('POST', PATH, '{"to":'), { ...validation, code: 'invalid_request' });
  expectRefusal(await house.request('POST', PATH, [TEXT]), { ...validation, code: 'invalid_request' });
  expectRefusal(await house.request('POST', PATH, TEXT, { authorization: '' }), {
    status: 401,
    type: 'authentication_error',
    code: 'invalid_api_key',
  });
  expectRefusal(await house.request('POST', PATH, receipt), {
    status: 404,
    type: 'not_found',
    code: 'resource_not_found',
    param: 'message_id',
  });
});
