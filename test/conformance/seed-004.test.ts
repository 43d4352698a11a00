// Seed 004, Kapso's send by its own path and key, and the same on Meta's own path with a bearer token: Meta's shape in, Meta's shape
// out, and where something is not there, Meta's error for it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { KIND_NAMES, KINDS } from '../../src/meta/kinds/index.ts';
import { WAMID } from '../support/envelopes.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { GRAPH_TOKEN, PHONE_NUMBER_ID, until, type Reply } from '../support/house.ts';
import { accepted, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { customerWrites, newWamid } from '../support/meta-webhook.ts';

const KAPSO = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`;
const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '15551234567';
const GROUP = 'Y2FwaV9ncm91cDox';
const EXAMPLE = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: CUSTOMER,
  type: 'text',
  text: { body: 'Hello! Your order #12345 has been shipped.' },
};

const OLD = newWamid();

let house: TappedHouse;
beforeAll(async () => {
  const phones = [{ phone: '15557654321', wroteMsAgo: 31 * 86_400_000, wroteWamid: OLD }];
  house = await startTappedHouse({ simulator: { windowEnforced: false, groups: [GROUP], phones } });
  await until('the old message', async () => {
    const found = await house.request('GET', '/v1/messages?direction=inbound');
    return found.body.data.length === 1;
  });
});
afterAll(() => house[Symbol.asyncDispose]());

/** By X-API-Key alone; the house's bearer header is taken away. */
function byApiKey(path: string, body: unknown, key = house.apiKey): Promise<Reply> {
  return house.request('POST', path, body, { 'X-API-Key': key, authorization: '' });
}

function lastSaid(): JsonObject {
  const { biz_opaque_callback_data: _token, ...said } = house.tap.sends().at(-1)?.body ?? {};
  return said;
}

interface GraphFault {
  status: number;
  code: number;
  type?: string;
  subcode?: number;
  details?: RegExp;
}

/** An error as Meta words it. */
function expectFault(reply: Reply, fault: GraphFault): void {
  expectStatus(reply, fault.status);
  const { error, ...rest } = reply.body;
  expect(rest).toEqual({});
  expect(error).toMatchObject({
    message: expect.stringMatching(/\S/),
    type: fault.type ?? 'OAuthException',
    code: fault.code,
    fbtrace_id: expect.stringMatching(/^A[\w-]{22}$/),
    ...(fault.subcode === undefined ? {} : { error_subcode: fault.subcode }),
    ...(fault.details === undefined
      ? {}
      : { error_data: { messaging_product: 'whatsapp', details: expect.stringMatching(fault.details) } }),
  });
  expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
}

const doors: [string, (body: unknown) => Promise<Reply>][] = [
  ['Kapso’s path with X-API-Key', (body) => byApiKey(KAPSO, body)],
  ['Kapso’s path with a bearer token', (body) => house.request('POST', KAPSO, body)],
  ['Meta’s own path with a bearer token', (body) => house.request('POST', GRAPH, body)],
];

describe.each(doors)('%s', (_door, post) => {
  test('takes the example and answers in Meta’s words', async () => {
    const reply = await post(EXAMPLE);
    expectStatus(reply, 200);
    expect(reply.body).toEqual({
      messaging_product: 'whatsapp',
      contacts: [{ input: CUSTOMER, wa_id: CUSTOMER }],
      messages: [{ id: expect.stringMatching(WAMID) }],
    });
    expect(lastSaid()).toEqual({ ...EXAMPLE, to: `+${CUSTOMER}` });
    const [message] = house.simulator.control.messages({ id: reply.body['messages'][0].id });
    expect(message).toMatchObject({ to: CUSTOMER, type: 'text', payload: { text: EXAMPLE.text } });
  });

  test('keeps the tag that comes back with the statuses, up to 512 characters', async () => {
    const tag = 'x'.repeat(512);
    const reply = await post({ ...EXAMPLE, biz_opaque_callback_data: tag });
    expectStatus(reply, 200);
    const id = reply.headers.get('x-kurir-message-id');
    expect((await house.request('GET', `/v1/messages/${id}`)).body.data.biz_opaque_callback_data).toBe(tag);
    expectFault(await post({ ...EXAMPLE, biz_opaque_callback_data: `${tag}x` }), {
      status: 400,
      code: 100,
      details: /biz_opaque_callback_data/,
    });
  });

  test.each([
    ['messaging_product', 'messaging_product', /messaging_product/],
    ['to', 'to', /\bto\b/],
    ['text', 'text', /text/],
  ])('misses %s in Meta’s words', async (_what, field, details) => {
    const { [field]: _left, ...body }: JsonObject = EXAMPLE;
    expectFault(await post(body), { status: 400, code: 100, details });
  });

  test('refuses "example" for a recipient', async () => {
    expectFault(await post({ ...EXAMPLE, to: 'example' }), { status: 400, code: 100, details: /\bto\b/ });
  });

  test('hands on what Meta may know and Kurir does not', async () => {
    house.tap.rule(() => accepted());
    const body = { ...EXAMPLE, a_new_field: { of: ['Meta’s'] }, text: { ...EXAMPLE.text, tone: 'warm' } };
    const reply = await post(body);
    house.tap.rule(() => 'pass');
    expectStatus(reply, 200);
    expect(lastSaid()).toEqual({ ...body, to: `+${CUSTOMER}` });
  });

  test('marks as read', async () => {
    const { id } = house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Hi' });
    await until('what the customer wrote', async () => {
      const found = await house.request('GET', '/v1/messages?direction=inbound&limit=100');
      return found.body.data.some((one: { message_id: string }) => one.message_id === id);
    });
    const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: id };
    const reply = await post({ ...receipt, typing_indicator: { type: 'text' } });
    expectStatus(reply, 200);
    expect(reply.body).toEqual({ success: true });
    expect(house.simulator.control.messages({ id })).toMatchObject([{ status: 'read' }]);
    expect((await post(receipt)).body).toEqual({ success: true });
    expect(house.tap.calls.filter((call) => call.body['message_id'] === id)).toHaveLength(1);
  });

  test('tells a no of Meta’s as Meta’s error', async () => {
    const template = { name: 'nobody_made_this', language: { code: 'en' } };
    const reply = await post({ ...EXAMPLE, text: undefined, type: 'template', template });
    expectFault(reply, { status: 404, code: 132_001 });
  });

  test('of a number of nobody is Meta’s error for an object that does not exist', async () => {
    const elsewhere = await house.request('POST', GRAPH.replace(PHONE_NUMBER_ID, '999999999999999'), EXAMPLE);
    expectFault(elsewhere, { status: 400, code: 100, type: 'GraphMethodException', subcode: 33 });
  });
});

describe('each type of the page', () => {
  const bodies = KIND_NAMES.map((kind) => KINDS[kind]);
  const types = new Map(bodies.map(({ type, example }) => [type, example]));

  test('is there', () => {
    const listed = 'text image video audio document sticker location contacts interactive template reaction';
    expect([...types.keys()].toSorted()).toEqual(listed.split(' ').toSorted());
  });

  test.each([...types])('%s is taken', async (_type, body) => {
    house.tap.rule(() => accepted());
    const reply = await byApiKey(KAPSO, body);
    house.tap.rule(() => 'pass');
    expectStatus(reply, 200);
    expect(lastSaid()).toEqual(body);
  });
});

describe('the recipient', () => {
  test('is a group where recipient_type says so', async () => {
    const reply = await byApiKey(KAPSO, { ...EXAMPLE, recipient_type: 'group', to: GROUP });
    expectStatus(reply, 200);
    expect(lastSaid()).toMatchObject({ recipient_type: 'group', to: GROUP });
    expect(reply.body['contacts']).toMatchObject([{ input: GROUP }]);
  });

  test('may be a business-scoped user id', async () => {
    const { user_id: userId } = house.simulator.control.createPhone({ username_user: true });
    const reply = await byApiKey(KAPSO, { ...EXAMPLE, to: undefined, recipient: userId });
    expectStatus(reply, 200);
    expect(reply.body['contacts']).toEqual([{ input: userId, user_id: userId }]);
  });

  test.each(['+15551234567', '15551234567', '1 (555) 123-4567'])(
    '%s is echoed as it was written',
    async (to) => {
      const reply = await byApiKey(KAPSO, { ...EXAMPLE, to });
      expectStatus(reply, 200);
      expect(reply.body['contacts']).toEqual([{ input: to, wa_id: CUSTOMER }]);
    },
  );

  test('of an answer to a message quotes it', async () => {
    const wamid = await customerWrites(house, { from: CUSTOMER });
    expectStatus(await byApiKey(KAPSO, { ...EXAMPLE, context: { message_id: wamid } }), 200);
    expect(lastSaid()).toMatchObject({ context: { message_id: wamid } });
  });
});

describe('credentials', () => {
  test.each([
    ['no key', () => byApiKey(KAPSO, EXAMPLE, '')],
    ['a key of nobody', () => byApiKey(KAPSO, EXAMPLE, 'kur_live_nobody')],
    [
      'Meta’s own token',
      () => house.request('POST', GRAPH, EXAMPLE, { authorization: `Bearer ${GRAPH_TOKEN}` }),
    ],
    ['X-API-Key on Meta’s path', () => byApiKey(GRAPH, EXAMPLE)],
  ])('%s is Meta’s authentication error', async (_what, post) => {
    const before = house.tap.calls.length;
    expectFault(await post(), { status: 401, code: 190 });
    expect(house.tap.calls).toHaveLength(before);
  });

  test('another organisation’s key finds no such number', async () => {
    const { apiKey } = await house.addOrganisation('Teh Pagi');
    const fault = { status: 400, code: 100, type: 'GraphMethodException', subcode: 33 };
    expectFault(await byApiKey(KAPSO, EXAMPLE, apiKey), fault);
  });

  test('Meta gets the number’s own token, never the caller’s key', async () => {
    await byApiKey(KAPSO, EXAMPLE);
    expect(house.tap.calls.at(-1)?.authorization).toBe(`Bearer ${GRAPH_TOKEN}`);
    expect(JSON.stringify(house.tap.calls)).not.toContain(house.apiKey);
  });
});

test.each(['v15.0', 'v23.0', 'v24.0', 'v99.9'])(
  'version %s is taken, and Meta hears Kurir’s own',
  async (version) => {
    for (const path of [KAPSO, GRAPH])
      expectStatus(await house.request('POST', path.replace('v24.0', version), EXAMPLE), 200);
    const versions = new Set(house.tap.sends().map((call) => call.path.split('/')[1]));
    expect(versions.size).toBe(1);
  },
);

test.each([
  ['GET', `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`],
  ['POST', `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/contacts`],
  ['GET', `/v24.0/${PHONE_NUMBER_ID}/whatsapp_business_profile`],
  ['DELETE', `/v24.0/${PHONE_NUMBER_ID}/messages`],
  ['GET', '/v24.0/me/accounts'],
  ['POST', '/v24.0/102290129340398/message_templates'],
])('%s %s, which is not there, is Meta’s error for an unknown path', async (method, path) => {
  const body = method === 'POST' ? EXAMPLE : undefined;
  const reply = await house.request(method, path, body);
  expectFault(reply, { status: 400, code: 2500 });
  const known = path.replace(/^(\/meta\/whatsapp)?\/v24\.0/, '');
  expect(reply.body.error.message).toBe(`Unknown path components: ${known}`);
});

// What Meta would have answered without Kurir in between: the same but for the ids.
describe.each<[string, JsonObject]>([
  ['a text', EXAMPLE],
  ['a text to a number with a plus', { ...EXAMPLE, to: `+${CUSTOMER}` }],
  ['a template', { ...EXAMPLE, type: 'template', template: { name: 'hello', language: { code: 'en' } } }],
  ['a read receipt of nothing', { messaging_product: 'whatsapp', status: 'read', message_id: newWamid() }],
  ['a read receipt of what is too old', { messaging_product: 'whatsapp', status: 'read', message_id: OLD }],
])('%s', (_what, body) => {
  test('is answered in the shape of Meta’s own answer', async () => {
    house.simulator.control.putTemplate({
      name: 'hello',
      language: 'en',
      status: 'APPROVED',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: 'Hello' }],
    });
    const direct = await toMeta(GRAPH, body);
    const reply = await house.request('POST', GRAPH, body);
    expectStatus(reply, direct.status);
    expect(shapeOf(reply.body)).toEqual(shapeOf(await direct.json()));
  });
});

test('a number of nobody is refused word for word as by Meta', async () => {
  const path = GRAPH.replace(PHONE_NUMBER_ID, '999999999999999');
  const direct = await toMeta(path, EXAMPLE);
  const reply = await house.request('POST', path, EXAMPLE);
  expectStatus(reply, direct.status);
  const { error }: { error: JsonObject } = JSON.parse(await direct.text());
  expect(reply.body).toEqual({ error: { ...error, fbtrace_id: expect.any(String) } });
});

test('a throttle that Meta means for the caller is never shown as sent', async () => {
  house.tap.rule(() => refusal(131_056));
  const reply = await house.request('POST', GRAPH, { ...EXAMPLE, to: '15551230000' }, { prefer: 'wait=1' });
  house.tap.rule(() => 'pass');
  expectFault(reply, { status: 503, code: 2 });
  expect(reply.body.error.is_transient).toBe(true);
});

function toMeta(path: string, body: object): Promise<Response> {
  return fetch(house.simulator.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${GRAPH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

// The keys and the plain values; what differs from call to call only as "there is some".
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      ['id', 'fbtrace_id', 'details'].includes(key) ? typeof inner : shapeOf(inner),
    ]),
  );
}
