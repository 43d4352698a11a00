// Seed 000, the operation page of Kirim's POST /{phone_number_id}/messages: its example in four languages, its two operations, and an
// example of each answer it lists.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { expectRefusal, expectSent, MESSAGE_ID, WAMID } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until, type Reply } from '../support/house.ts';
import { accepted, gate, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { customerWrites } from '../support/meta-webhook.ts';

const PATH = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+628111111111';
const WROTE = 'wamid.HBgNNjI4MTIzNDU2Nzg5FQIAEhggMUE5MDM1QzVDMUYxQTAyRkVCNzZDQjVDMjFFRDQzNTUA';

// The body of the page's example, with the one word that it leaves to the reader.
function example(to: string): object {
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    type: 'text',
    text: { body: 'example', preview_url: true },
  };
}

let house: TappedHouse;
beforeAll(async () => {
  house = await startTappedHouse({
    simulator: { phones: [{ phone: CUSTOMER, wroteMsAgo: 60_000, wroteWamid: WROTE }] },
  });
  await heard(house);
});
afterAll(() => house[Symbol.asyncDispose]());

// What the customer wrote has come in: its window is known to be open.
async function heard(of: TappedHouse): Promise<void> {
  await until('what the customer wrote', async () => {
    const found = await of.request('GET', `${PATH}?direction=inbound`);
    return found.body.data.length > 0;
  });
}

describe('the example', () => {
  test('as printed, with "example" for the recipient, is a validation failure that names `to`', async () => {
    expectRefusal(await house.request('POST', PATH, example('example')), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_phone_number',
      param: 'to',
    });
    expect(house.tap.sends()).toEqual([]);
  });

  test.each([
    ['with a plus', CUSTOMER],
    ['as bare digits', '628111111111'],
  ])('with a number in its place, %s, is accepted for delivery', async (_how, to) => {
    const reply = await house.request('POST', PATH, example(to));
    expectSent(reply, { status: 200, to: CUSTOMER, type: 'text' });
    const [message] = house.simulator.control.messages({ to: CUSTOMER, direction: 'outbound' }).slice(-1);
    expect(message?.id).toBe(reply.body.data.message_id);
    expect(message?.payload).toMatchObject({ ...example(CUSTOMER) });
  });

  test('as the fetch snippet sends it, with only the address and the key changed', async () => {
    const options = {
      method: 'POST',
      headers: { Authorization: `Bearer ${house.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(example(CUSTOMER)),
    };
    const response = await fetch(house.gateway.url + PATH, options);
    expect(await response.json()).toMatchObject({ data: { id: expect.stringMatching(MESSAGE_ID) } });
  });

  test('as the Go snippet sends it: the body typed out with its blanks', async () => {
    const body =
      '{ "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+628111111111", "type": "text", "text": { "body": "example", "preview_url": true } }';
    expectSent(await house.request('POST', PATH, body), { status: 200, to: CUSTOMER, type: 'text' });
  });
});

describe('an outbound send', () => {
  const link = 'https://files.example.com/menu';
  test.each([
    ['text', { text: { body: 'Halo' } }],
    ['image', { image: { link } }],
    ['image', { image: { id: '1013859600285441' } }],
    ['document', { document: { link, filename: 'menu.pdf' } }],
    ['document', { document: { id: '1013859600285441' } }],
    ['video', { video: { link } }],
    ['video', { video: { id: '1013859600285441' } }],
    ['audio', { audio: { link } }],
    ['audio', { audio: { id: '1013859600285441' } }],
    ['template', { template: { name: 'hello', language: { code: 'id' } } }],
    [
      'interactive',
      {
        interactive: {
          type: 'cta_url',
          body: { text: 'Lihat' },
          action: { name: 'cta_url', parameters: { display_text: 'Buka', url: link } },
        },
      },
    ],
  ])('of type %s with %j is Meta’s own shape', async (type, content) => {
    const body = { messaging_product: 'whatsapp', to: CUSTOMER, type, ...content };
    house.tap.rule((call) => (call.body['type'] === 'text' ? 'pass' : accepted()));
    const reply = await house.request('POST', PATH, body);
    house.tap.rule(() => 'pass');
    expectSent(reply, { status: 200, to: CUSTOMER, type });
    const { biz_opaque_callback_data: token, ...said } = house.tap.sends().at(-1)?.body ?? {};
    expect(said).toEqual(body);
    expect(token).toEqual(expect.any(String));
  });

  test.each(['image', 'document', 'video', 'audio'])(
    'of %s takes a link or an id: one, not both',
    async (type) => {
      const both = { link, id: '1013859600285441' };
      for (const content of [{}, both]) {
        const body = { messaging_product: 'whatsapp', to: CUSTOMER, type, [type]: content };
        const reply = await house.request('POST', PATH, body);
        expectStatus(reply, 400);
        expect(reply.body.error.param).toMatch(new RegExp(`^${type}`));
      }
    },
  );

  test('is from the number in the path: there is no `from` in the body', async () => {
    expectRefusal(await house.request('POST', PATH, { ...example(CUSTOMER), from: '+628511760008029' }), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_field_value',
      param: 'from',
    });
    await house.request('POST', PATH, example(CUSTOMER));
    expect(house.tap.sends().at(-1)?.path).toMatch(new RegExp(`/${PHONE_NUMBER_ID}/messages$`));
  });

  test('may be repeated with its Idempotency-Key after a network failure', async () => {
    const before = house.tap.sends().length;
    const headers = { 'Idempotency-Key': '0f1e2d3c-0000-4000-8000-000000000000' };
    const first = await house.request('POST', PATH, example(CUSTOMER), headers);
    const second = await house.request('POST', PATH, example(CUSTOMER), headers);
    expect(second.body.data.id).toBe(first.body.data.id);
    expect(house.tap.sends()).toHaveLength(before + 1);
  });

  test('finds its phone_number_id in GET /v1/accounts', async () => {
    const accounts = await house.request('GET', '/v1/accounts');
    expect(accounts.status).toBe(200);
    expect(accounts.body.data.map((row: { phone_number_id: string }) => row.phone_number_id)).toEqual([
      PHONE_NUMBER_ID,
    ]);
  });
});

describe('a read receipt', () => {
  test('with the wamid from the webhook and a typing indicator is handed to Meta', async () => {
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: WROTE };
    const reply = await house.request('POST', PATH, { ...receipt, typing_indicator: { type: 'text' } });
    expectStatus(reply, 200);
    expect(reply.body.data).toMatchObject({ object: 'message', status: 'read', message_id: WROTE });
    expect(house.tap.calls.at(-1)?.body).toEqual({ ...receipt, typing_indicator: { type: 'text' } });
    expect(house.simulator.control.messages({ id: WROTE })).toMatchObject([{ status: 'read' }]);
  });

  test('takes the wamid, and Kirim’s own id of the message as well', async () => {
    const [inbound] = (await house.request('GET', `${PATH}?direction=inbound`)).body.data;
    expect(inbound.message_id).toMatch(WAMID);
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: inbound.id };
    const answered = await house.request('POST', PATH, receipt);
    expectStatus(answered, 200);
    expect(answered.body.data).toMatchObject({ id: inbound.id, message_id: inbound.message_id });
  });
});

describe('each answer that the page lists', () => {
  test('401: a key that is none', async () => {
    expectRefusal(await house.request('POST', PATH, example(CUSTOMER), { authorization: 'Bearer <token>' }), {
      status: 401,
      type: 'authentication_error',
      code: 'invalid_api_key',
    });
  });

  test('404: a number of nobody', async () => {
    expectRefusal(await house.request('POST', '/v1/999999999999999/messages', example(CUSTOMER)), {
      status: 404,
      type: 'not_found',
      code: 'resource_not_found',
      param: 'phone_number_id',
    });
  });

  test('422: a key that was used with another body', async () => {
    const headers = { 'Idempotency-Key': 'used twice' };
    await house.request('POST', PATH, example(CUSTOMER), headers);
    expectRefusal(
      await house.request('POST', PATH, { ...example(CUSTOMER), text: { body: 'other' } }, headers),
      {
        status: 422,
        type: 'invalid_request_error',
        code: 'idempotency_key_reuse',
        param: 'Idempotency-Key',
      },
    );
  });

  test('429: the budget is empty', async () => {
    await using small = await startTappedHouse({ config: { writePerMinute: 1 } });
    await small.request('POST', PATH, example(CUSTOMER));
    const reply = await small.request('POST', PATH, example(CUSTOMER));
    expectRefusal(reply, { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(reply.headers.get('x-ratelimit-remaining')).toBe('0');
  });

  test('502: Meta refuses the receipt', async () => {
    const wamid = await customerWrites(house);
    house.tap.rule((call) => (call.body['status'] === 'read' ? refusal(131009) : 'pass'));
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: wamid };
    const reply = await house.request('POST', PATH, receipt);
    house.tap.rule(() => 'pass');
    expectRefusal(reply, { status: 502, type: 'api_error', code: 'whatsapp_upstream_error' });
  });

  test('503: the gateway is stopping', async () => {
    await using stopping = await startTappedHouse();
    const held = gate();
    stopping.tap.rule(() => held.opened.then(() => 'pass'));
    await stopping.request('POST', PATH, example(CUSTOMER), { prefer: 'respond-async' });
    await until('the call to Meta', async () => stopping.tap.calls.length === 1);
    const closed = stopping.gateway.close();
    const reply: Reply = await stopping.request('POST', PATH, example(CUSTOMER));
    held.open();
    await closed;
    expectRefusal(reply, { status: 503, type: 'api_error', code: 'service_unavailable' });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(stopping.tap.sends()).toHaveLength(1);
  });
});
