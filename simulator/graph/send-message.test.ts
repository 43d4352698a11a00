// What the Graph and WhatsApp refuse at once, word for word, and what they take.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../simulator.ts';
import { errorOf, graph, NUMBER, send, sendText, TOKEN, wamidOf } from '../testing/client.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({
    windowEnforced: false,
    groups: ['Y2FwaV9ncm91cDox'],
    numbers: [
      { phoneNumberId: NUMBER, displayPhoneNumber: '+628511760008029', verifiedName: 'Kopi Senja' },
      {
        phoneNumberId: '200000000000001',
        displayPhoneNumber: '+1 555 093 4873',
        verifiedName: 'Test number',
        allowedRecipients: ['+62 811 1111 111'],
      },
      {
        phoneNumberId: '200000000000002',
        displayPhoneNumber: '+15550934874',
        verifiedName: 'New',
        registered: false,
      },
    ],
  });
});

afterAll(() => simulator.close());

const PATH = `POST /v24.0/${NUMBER}/messages`;

test('without a token, with an unknown one, with a broken one', async () => {
  const missing = await graph(simulator, PATH, { body: {}, token: null });
  expect(missing.status).toBe(400);
  expect(missing.text).toMatch(
    /^\{"error":\{"message":"An access token is required to request this resource\.","type":"OAuthException","code":104,"fbtrace_id":"A[\w-]{22}"\}\}$/,
  );
  const unknown = await graph(simulator, PATH, { body: {}, token: 'EAAsomethingElse' });
  expect(unknown.status).toBe(401);
  expect(unknown.text).toMatch(
    /^\{"error":\{"message":"Authentication Error","code":190,"type":"OAuthException","fbtrace_id":"[^"]+"\}\}$/,
  );
  expect(unknown.headers.get('www-authenticate')).toBe(
    'OAuth "Facebook Platform" "invalid_token" "Authentication Error"',
  );
  const broken = await graph(simulator, PATH, { body: {}, token: 'no token at all!' });
  expect(errorOf(broken)).toMatchObject({
    code: 190,
    message: 'Invalid OAuth access token - Cannot parse access token',
  });
});

test('a token in the query is a token', async () => {
  const path = `POST /v24.0/${NUMBER}/messages?access_token=${TOKEN}`;
  const answer = await graph(simulator, path, { token: null, body: { messaging_product: 'whatsapp' } });
  expect(errorOf(answer)).toMatchObject({ message: '(#100) The parameter to is required.' });
});

test('an object that is not there is a 400 of the Graph', async () => {
  const answer = await graph(simulator, 'POST /v24.0/999999999999999/messages', { body: {} });
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toEqual({
    message:
      "Unsupported post request. Object with ID '999999999999999' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api",
    type: 'GraphMethodException',
    code: 100,
    error_subcode: 33,
  });
  expect(answer.text).toContain(String.raw`https:\/\/developers`);
  expect(answer.headers.get('x-app-usage')).toBe('{"call_count":0,"total_cputime":0,"total_time":0}');
});

test.each<[string, unknown, string]>([
  ['nothing', {}, 'The parameter messaging_product is required.'],
  [
    'another product',
    { messaging_product: 'x', to: '1' },
    'Param messaging_product must be one of {WHATSAPP} - got "x".',
  ],
  ['no recipient', { messaging_product: 'whatsapp', type: 'text' }, 'The parameter to is required.'],
  ['no text', { messaging_product: 'whatsapp', to: '628111111111' }, 'The parameter text is required.'],
  [
    'a text that is none',
    { messaging_product: 'whatsapp', to: '628111111111', text: 'x' },
    'Param text must be a JSON object.',
  ],
  [
    'no body',
    { messaging_product: 'whatsapp', to: '628111111111', text: {} },
    "The parameter text['body'] is required.",
  ],
  [
    'an empty body',
    { messaging_product: 'whatsapp', to: '628111111111', text: { body: '' } },
    "The parameter text['body'] is required.",
  ],
  [
    'a number as body',
    { messaging_product: 'whatsapp', to: '628111111111', text: { body: 1 } },
    "Param text['body'] must be a string.",
  ],
  [
    'a long body',
    { messaging_product: 'whatsapp', to: '628111111111', text: { body: 'x'.repeat(4097) } },
    "Param text['body'] must be at most 4096 characters long.",
  ],
  [
    'an unknown key',
    { messaging_product: 'whatsapp', to: '628111111111', text: { body: 'x', mood: 'good' } },
    'Unexpected key "mood" on param "text".',
  ],
  [
    'an unknown type',
    { messaging_product: 'whatsapp', to: '628111111111', type: 'constructor' },
    'Param type must be one of {TEXT, IMAGE,',
  ],
  [
    'long callback data',
    {
      messaging_product: 'whatsapp',
      to: '628111111111',
      text: { body: 'x' },
      biz_opaque_callback_data: 'x'.repeat(513),
    },
    'Param biz_opaque_callback_data must be at most 512 characters long.',
  ],
])('the schema refuses %s, without error_data', async (_what, body, message) => {
  const answer = await graph(simulator, PATH, { body });
  expect(answer.status).toBe(400);
  const error = errorOf(answer);
  expect(error['message']).toContain(`(#100) ${message}`);
  expect(Object.keys(error)).toEqual(['message', 'type', 'code']);
});

test('a body that is not JSON misses everything', async () => {
  const answer = await graph(simulator, PATH, {
    body: '{"messaging_product":',
    headers: { 'content-type': 'application/json' },
  });
  expect(errorOf(answer)).toMatchObject({ message: '(#100) The parameter messaging_product is required.' });
  const plain = await graph(simulator, PATH, { body: 'hello', headers: { 'content-type': 'text/plain' } });
  expect(errorOf(plain)).toMatchObject({ message: '(#100) The parameter messaging_product is required.' });
});

test('4096 code points fit, however many units they take', async () => {
  expect((await sendText(simulator, '628111111111', '👋'.repeat(4096))).status).toBe(200);
});

test.each<[string, string, string, number, string | undefined]>([
  ['itself', NUMBER, '+62 851 1760 008029', 131021, undefined],
  ['a number too short', NUMBER, '123', 131009, undefined],
  ['a 00 prefix', NUMBER, '0062811111111', 100, 'Invalid parameter'],
  [
    'someone not on the list of a test number',
    '200000000000001',
    '628222222222',
    131030,
    'Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.',
  ],
  ['anyone, unregistered', '200000000000002', '628222222222', 133010, undefined],
])('WhatsApp refuses to send to %s', async (_what, number, to, code, details) => {
  const body = { messaging_product: 'whatsapp', to, text: { body: 'x' } };
  const answer = await graph(simulator, `POST /v24.0/${number}/messages`, { body });
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`^\\(#${code}\\) `)),
    error_data: { messaging_product: 'whatsapp', ...(details === undefined ? {} : { details }) },
  });
  expect(answer.headers.get('x-business-use-case-usage')).not.toBeNull();
});

test('recipients: a JSON number, a test number’s own list, a group, and who is called otherwise', async () => {
  const numeric = await send(simulator, { to: 13435550100, text: { body: 'x' } });
  expect(numeric.text).toContain('"contacts":[{"input":"13435550100","wa_id":"13435550100"}]');
  const body = { messaging_product: 'whatsapp', to: '+628111111111', text: { body: 'x' } };
  expect((await graph(simulator, 'POST /v24.0/200000000000001/messages', { body })).status).toBe(200);
  const brazil = await send(simulator, { to: '+55 31 91234-5678', text: { body: 'x' } });
  expect(brazil.text).toContain('"wa_id":"553112345678"');
  const mexico = await send(simulator, { to: '525512345678', text: { body: 'x' } });
  expect(mexico.text).toContain('"wa_id":"5215512345678"');
  const group = { recipient_type: 'group', to: 'Y2FwaV9ncm91cDox', text: { body: 'x' } };
  expect((await send(simulator, group)).status).toBe(200);
  expect(errorOf(await send(simulator, { ...group, to: 'nobody' }))).toMatchObject({ code: 131041 });
  expect(
    errorOf(await send(simulator, { ...group, type: 'location', location: { latitude: 1, longitude: 1 } })),
  ).toMatchObject({
    code: 131051,
  });
});

test('user ids: known and unknown, and `to` wins', async () => {
  const { user_id } = simulator.control.createPhone({ phone: '628133333333' });
  const byId = await graph(simulator, PATH, {
    body: { messaging_product: 'whatsapp', recipient: user_id, text: { body: 'x' } },
  });
  expect(byId.text).toContain(`"contacts":[{"input":"${user_id}","user_id":"${user_id}"}]`);
  expect(Buffer.from(wamidOf(byId).slice(6), 'base64').toString('latin1')).toContain(user_id);
  const both = await send(simulator, { to: '628133333333', recipient: user_id, text: { body: 'x' } });
  expect(both.text).toContain(
    `"contacts":[{"input":"628133333333","wa_id":"628133333333","user_id":"${user_id}"}]`,
  );
  const stranger = await graph(simulator, PATH, {
    body: { messaging_product: 'whatsapp', recipient: 'US.13491208655302741918', text: { body: 'x' } },
  });
  const { id } = simulator.control.messages({ id: wamidOf(stranger) })[0] ?? {};
  await simulator.control.wait({ match: { id: id ?? '', status: 'failed' } });
  const bad = await graph(simulator, PATH, {
    body: { messaging_product: 'whatsapp', recipient: 'nobody', text: { body: 'x' } },
  });
  expect(errorOf(bad)).toMatchObject({ code: 131009 });
});

test('a version is not needed, and none is refused', async () => {
  const body = { messaging_product: 'whatsapp', to: '628111111111', text: { body: 'x' } };
  for (const path of [`/${NUMBER}/messages`, `/v1.0/${NUMBER}/messages`, `/v99.0/${NUMBER}/messages`]) {
    expect((await graph(simulator, `POST ${path}`, { body })).status).toBe(200);
  }
});

test('a wamid holds the customer’s number, and is never the same twice', async () => {
  const wamids = await Promise.all(
    Array.from({ length: 40 }, () => sendText(simulator, '628144444444').then(wamidOf)),
  );
  expect(new Set(wamids).size).toBe(40);
  const struct = Buffer.from(wamids[0]?.slice(6) ?? '', 'base64');
  const phone = Buffer.from('628144444444').toString('hex');
  // The number, that it is a phone, that the business sent it, and 18 hex characters.
  expect(struct.toString('hex')).toMatch(new RegExp(`^1c180c${phone}15020011181[2](?:3\\d|4[1-6]){18}00$`));
});

test('paths that no Graph has are answered as the Graph would', async () => {
  for (const call of [
    'GET /',
    'GET /favicon.ico',
    'POST /v24.0',
    'PUT /v24.0/1/messages',
    'GET /v24.0/%zz',
  ]) {
    const answer = await graph(simulator, call);
    expect(answer.status).toBe(400);
    expect(answer.json).toHaveProperty('error.fbtrace_id');
  }
  expect(errorOf(await graph(simulator, 'DELETE /v24.0/nonsense'))).toMatchObject({
    message: '(#100) Invalid post_id parameter',
  });
});
