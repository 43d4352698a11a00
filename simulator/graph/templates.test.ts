// Templates: what a send must fit, and the edges that list, create and delete them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import { devSeed } from '../dev-seed.ts';
import { word } from '../json-parts.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { control, errorOf, graph, send, WABA } from '../testing/client.ts';
import { startReceiver, type Receiver } from '../testing/receiver.ts';

let simulator: Simulator;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  simulator = await startSimulator({
    templates: [
      ...devSeed.templates,
      {
        name: 'hello_world',
        language: 'en_US',
        status: 'APPROVED',
        category: 'UTILITY',
        components: [{ type: 'BODY', text: 'Hello World' }],
      },
    ],
    callbackUrl: receiver.url,
    pairLimit: null,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
});

afterAll(async () => {
  await simulator.close();
  await receiver[Symbol.asyncDispose]();
});

function template(name: string, components: JsonObject[] = [], code = 'id_ID'): JsonObject {
  return {
    type: 'template',
    template: { name, language: { code }, ...(components.length > 0 ? { components } : {}) },
  };
}

const text = (value: string): JsonObject => ({ type: 'text', text: value });
const bodyOf = (...values: string[]): JsonObject => ({ type: 'body', parameters: values.map(text) });
const url = (index: number | string, value: string): JsonObject => ({
  type: 'button',
  sub_type: 'url',
  index,
  parameters: [text(value)],
});
const image = {
  type: 'header',
  parameters: [{ type: 'image', image: { link: 'https://cdn.example.com/menu.jpg' } }],
};
const coupon = {
  type: 'button',
  sub_type: 'copy_code',
  index: '1',
  parameters: [{ type: 'coupon_code', coupon_code: 'SENJA20' }],
};
const document = {
  type: 'header',
  parameters: [{ type: 'document', document: { link: 'https://cdn.example.com/a.pdf', filename: 'a.pdf' } }],
};
const named = (parameter_name: string, value: string): JsonObject => ({ ...text(value), parameter_name });

test.each<[string, JsonObject]>([
  ['body parameters', template('order_confirmation', [bodyOf('Budi', 'ORD-12345')])],
  ['no components at all', template('reengagement')],
  [
    'header, body and button',
    template(
      'order_shipped',
      [{ type: 'header', parameters: [text('ORD-1')] }, bodyOf('Ana'), url('0', 'ORD-1')],
      'en_US',
    ),
  ],
  ['a media header and a coupon', template('new_menu', [image, bodyOf('Siti'), coupon])],
  ['a document header', template('invoice', [document, bodyOf('INV-1')])],
  [
    'named parameters',
    template(
      'delivery_window',
      [{ type: 'body', parameters: [named('day', 'Friday'), named('customer_name', 'Ana')] }],
      'en_US',
    ),
  ],
  ['a one-time code', template('login_code', [bodyOf('123456'), url(0, '123456')])],
  [
    'types in capitals',
    template('order_confirmation', [
      { type: 'BODY', parameters: [{ type: 'TEXT', text: 'Budi' }, text('1')] },
    ]),
  ],
])('takes %s', async (_what, message) => {
  const answer = await send(simulator, message);
  expect(answer.text).toContain('"message_status":"accepted"');
});

test.each<[string, JsonObject, number, number, string]>([
  [
    'an unknown template',
    template('nonesuch'),
    132001,
    404,
    'template name (nonesuch) does not exist in id_ID',
  ],
  [
    'another language',
    template('reengagement', [], 'en'),
    132001,
    404,
    'template name (reengagement) does not exist in en',
  ],
  [
    'a rejected one',
    template('rejected_offer'),
    132001,
    404,
    'template name (rejected_offer) does not exist in id_ID',
  ],
  ['a paused one', template('paused_offer'), 132015, 400, 'Template is paused'],
  ['a disabled one', template('disabled_offer'), 132016, 400, 'Template is disabled'],
  [
    'one parameter of two',
    template('order_confirmation', [bodyOf('Budi')]),
    132000,
    400,
    'body: number of localizable_params (1) does not match the expected number of params (2)',
  ],
  [
    'parameters for none',
    template('reengagement', [bodyOf('Budi')]),
    132000,
    400,
    'body: number of localizable_params (1) does not match the expected number of params (0)',
  ],
  [
    'no header parameter',
    template('order_shipped', [bodyOf('Ana'), url(0, '1')], 'en_US'),
    132000,
    400,
    'header: number of localizable_params (0) does not match the expected number of params (1)',
  ],
  [
    'no picture',
    template('new_menu', [bodyOf('Siti'), coupon]),
    132012,
    400,
    'header: Format mismatch, expected IMAGE, received UNKNOWN',
  ],
  [
    'a document for a picture',
    template('new_menu', [document, bodyOf('Siti'), coupon]),
    132012,
    400,
    'header: Format mismatch, expected IMAGE, received DOCUMENT',
  ],
  [
    'no button parameter',
    template('order_shipped', [{ type: 'header', parameters: [text('1')] }, bodyOf('Ana')], 'en_US'),
    131008,
    400,
    'buttons: Button at index 0 of type Url requires a parameter',
  ],
  [
    'a code without its button',
    template('login_code', [bodyOf('123456')]),
    131008,
    400,
    'buttons: Button at index 0 of type Url requires a parameter',
  ],
  [
    'a text parameter without text',
    template('order_confirmation', [{ type: 'body', parameters: [{ type: 'text' }, text('1')] }]),
    100,
    400,
    "Parameter 'text' is mandatory for component parameter type 'text'",
  ],
  [
    'an empty text',
    template('order_confirmation', [bodyOf('', 'x')]),
    131008,
    400,
    'Parameter of type text is missing text value',
  ],
  [
    'a line break',
    template('order_confirmation', [bodyOf('a\nb', 'x')]),
    132018,
    400,
    'Param text cannot have new-line/tab characters or more than 4 consecutive spaces',
  ],
  [
    'names left out',
    template('delivery_window', [bodyOf('Ana', 'Friday')], 'en_US'),
    100,
    400,
    'Parameter name is missing or empty',
  ],
  [
    'a text too long',
    template('order_confirmation', [bodyOf('x'.repeat(1024), 'y')]),
    132005,
    400,
    'body: hydrated text too long',
  ],
])('refuses %s', async (_what, message, code, status, details) => {
  const answer = await send(simulator, message);
  expect(answer.status).toBe(status);
  expect(errorOf(answer)).toMatchObject({ code, error_data: { details: expect.stringContaining(details) } });
});

test('hello_world goes from test numbers only, and says so without error_data', async () => {
  expect(errorOf(await send(simulator, template('hello_world', [], 'en_US')))).toEqual({
    message: '(#131058) Hello World templates can only be sent from the Public Test Numbers',
    type: 'OAuthException',
    code: 131058,
  });
});

test('a one-time code does not go to a user id', async () => {
  const { user_id } = simulator.control.createPhone({ phone: '628155555555' });
  const message = template('login_code', [bodyOf('123456'), url(0, '123456')]);
  expect(errorOf(await send(simulator, { ...message, to: null, recipient: user_id }))).toMatchObject({
    code: 131062,
  });
});

test('the pricing of a template’s statuses names its category', async () => {
  await send(simulator, { ...template('new_menu', [image, bodyOf('Siti'), coupon]), to: '628166666666' });
  await simulator.control.settled();
  const status = receiver
    .statuses()
    .findLast((one) => one['recipient_id'] === '628166666666' && one['status'] === 'sent');
  expect(status?.['pricing']).toEqual({
    billable: true,
    pricing_model: 'PMP',
    category: 'marketing',
    type: 'regular',
  });
});

test('the list has pages, filters and chosen fields', async () => {
  const first = await graph(simulator, `GET /v24.0/${WABA}/message_templates?limit=5&fields=name,status`);
  expect(first.json['data']).toHaveLength(5);
  expect(first.json['paging']).toMatchObject({ cursors: { before: 'MAZDZD', after: 'NAZDZD' } });
  expect(first.json['paging']).not.toHaveProperty('previous');
  const next = await graph(simulator, `GET /v24.0/${WABA}/message_templates?limit=100&after=NAZDZD`);
  expect(next.json['data']).toHaveLength(7);
  expect(next.json['paging']).not.toHaveProperty('next');
  expect(next.json['paging']).toHaveProperty('previous');
  const paused = await graph(simulator, `GET /v24.0/${WABA}/message_templates?status=PAUSED`);
  expect(paused.json).toMatchObject({
    data: [{ name: 'paused_offer', parameter_format: 'POSITIONAL', language: 'id_ID' }],
  });
  const none = await graph(simulator, `GET /v24.0/${WABA}/message_templates?name=nonesuch`);
  expect(none.text).toBe('{"data":[]}');
  const wrong = await graph(simulator, `GET /v24.0/${WABA}/message_templates?fields=colour`);
  expect(errorOf(wrong)).toMatchObject({
    message: '(#100) Tried accessing nonexisting field (colour) on node type (WhatsAppMessageTemplate)',
  });
});

test('a new template waits for its review, of which the business is told', async () => {
  const body = {
    name: 'fresh',
    language: 'en_US',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Fresh!' }],
  };
  const created = await graph(simulator, `POST /v24.0/${WABA}/message_templates`, { body });
  expect(created.text).toMatch(/^\{"id":"\d{16}","status":"PENDING","category":"UTILITY"\}$/);
  expect(errorOf(await send(simulator, template('fresh', [], 'en_US')))).toMatchObject({ code: 132001 });
  const before = receiver.heard.length;
  await control(simulator, 'POST /templates/fresh/review', { status: 'APPROVED' });
  await receiver.until(before + 1);
  expect(receiver.heard.at(-1)?.json).toMatchObject({
    entry: [
      {
        id: WABA,
        time: expect.any(Number),
        changes: [
          {
            field: 'message_template_status_update',
            value: { event: 'APPROVED', message_template_id: expect.any(Number), reason: 'NONE' },
          },
        ],
      },
    ],
  });
  expect((await send(simulator, template('fresh', [], 'en_US'))).status).toBe(200);
  const { id } = created.json;
  expect((await graph(simulator, `GET /v24.0/${word(id)}?fields=name`)).json).toEqual({
    name: 'fresh',
    id,
  });
  expect((await graph(simulator, `DELETE /v24.0/${WABA}/message_templates?name=fresh`)).text).toBe(
    '{"success":true}',
  );
  const gone = await graph(simulator, `DELETE /v24.0/${WABA}/message_templates?name=fresh`);
  expect(errorOf(gone)).toMatchObject({
    code: 100,
    error_subcode: 2593002,
    is_transient: false,
    error_user_title: 'Message Template Not Found',
  });
});
