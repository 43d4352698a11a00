// The standard dialect tells: the body that Standard Webhooks prescribes, signed so that its library, and nothing but the
// specification, verifies.
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';

import { standardTelling } from '../../../src/dialects/standard/tell-event.ts';
import type { Event } from '../../../src/events/event.ts';
import { jsonOf, type Json } from '../../../src/kernel/json.ts';
import { objects } from '../../../src/meta/webhook-envelope.ts';
import { ABOUT, AT, ECHO, MESSAGE, PERSON, SAMPLES, status, WAMID } from './sample-events.ts';
import { SECRETS, signing } from './signing.ts';
import { VARIANT_EVENTS } from './variant-events.ts';

const BUSINESS = `+${ABOUT.number.phone}`;
const CONTACT = {
  id: PERSON.id,
  object: 'contact',
  name: PERSON.name,
  phone_number: `+${PERSON.phone}`,
  user_id: PERSON.userId,
};

test.each(Object.entries(SAMPLES))('%s is told with its type and moment', (type, event) => {
  const { name, subject } = standardTelling.render(event) ?? {};
  expect([name, subject]).toEqual([type, ABOUT.id]);
  const timestamp = new Date(AT).toISOString();
  expect(bodyOf(event)).toEqual({ type, timestamp, data: expect.any(Object) });
});

test('a customer’s message is its resource, with Meta’s own beside it', () => {
  const event = SAMPLES['message.received'];
  expect(bodyOf(event)).toMatchObject({
    data: {
      id: MESSAGE,
      object: 'message',
      direction: 'inbound',
      phone_number_id: ABOUT.number.phoneNumberId,
      conversation_id: ABOUT.conversationId,
      contact: CONTACT,
      from: `+${PERSON.phone}`,
      to: BUSINESS,
      message_id: WAMID,
      type: 'text',
      from_user_id: PERSON.userId,
      status: 'delivered',
      status_times: {},
      content: 'Halo',
      created_at: '2026-05-28T20:26:40.000Z',
      is_new_conversation: true,
      meta: event.message,
    },
  });
});

test.each(VARIANT_EVENTS.map((one) => [one.variant.name, one] as const))(
  '%s is told with Meta’s words whole',
  (_name, { variant, event }) => {
    const { about, value, field } = variant;
    const [message] = objects(value[about === 'echo' ? 'message_echoes' : 'messages']);
    expect(bodyOf(event)).toMatchObject(
      event.type.startsWith('meta.')
        ? { data: { waba_id: ABOUT.number.wabaId, field, meta: value } }
        : { data: { object: 'message', meta: message, ...(value['errors'] && { errors: value['errors'] }) } },
    );
  },
);

test('a status is the message with its state, and Meta’s own beside it', () => {
  const event = status('delivered', { pricing: { category: 'service' } });
  expect(bodyOf(event)).toMatchObject({
    data: {
      id: MESSAGE,
      object: 'message',
      direction: 'outbound',
      from: BUSINESS,
      to: `+${PERSON.phone}`,
      contact: CONTACT,
      type: 'text',
      content: 'Pesanan Anda siap',
      text: { body: 'Pesanan Anda siap' },
      status: 'delivered',
      biz_opaque_callback_data: 'pesanan-17',
      pricing: { category: 'service' },
      status_times: { sent: new Date(AT - 3_000).toISOString() },
      meta: { ...event.told },
    },
  });
});

test.each([
  [
    [{ code: 131047, title: 'Re-engagement message', error_data: { details: 'More than 24 hours.' } }],
    { code: 'outside_24h_window', message: 'More than 24 hours.', provider_code: 131047 },
  ],
  [
    [
      {
        code: 131000,
        title: 'Something went wrong',
        error_data: { details: 'Late.', kurir_code: 'expired' },
      },
    ],
    { code: 'expired', message: 'Late.', provider_code: null },
  ],
  [undefined, { code: 'whatsapp_error', message: null, provider_code: null }],
])('a failure with %j is told as the resource shows it', (errors, error) => {
  const event = status('failed', errors === undefined ? {} : { errors });
  expect(bodyOf(event)).toMatchObject({ data: { status: 'failed', error } });
});

test('what is accepted is queued, and what Meta took is pending', () => {
  expect(bodyOf(SAMPLES['message.created'])).toMatchObject({
    data: { status: 'queued', content: 'Pesanan Anda siap', source: 'api' },
  });
  expect(bodyOf(SAMPLES['message.sent'])).toMatchObject({ data: { status: 'pending', source: 'api' } });
});

test('an echo is an outbound message of the app', () => {
  expect(bodyOf(ECHO)).toMatchObject({
    data: { direction: 'outbound', source: 'app', from: BUSINESS, meta: ECHO.echo?.message },
  });
});

test('no type of Meta’s takes a member away', () => {
  const event = SAMPLES['message.received'];
  const message = { ...event.message, type: 'id', id: WAMID };
  expect(bodyOf({ ...event, message })).toMatchObject({ data: { id: MESSAGE, type: 'id' } });
});

test('the library verifies each secret in force, and the specification says the same', () => {
  const { body, headers } = posted();
  for (const secret of SECRETS) expect(new Webhook(secret).verify(body, headers)).toEqual(jsonOf(body));
  expect(() => new Webhook(`whsec_${'A'.repeat(43)}=`).verify(body, headers)).toThrow(
    'No matching signature',
  );
  expect(() => new Webhook(SECRETS[0] ?? '').verify(`${body} `, headers)).toThrow('No matching signature');
  const right = SECRETS.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  });
  expect(headers['webhook-signature']).toBe(right.join(' '));
});

test('an old try does not verify; the next one does, with the same id', () => {
  const late = posted({ now: Date.now() - 600_000 });
  expect(() => new Webhook(SECRETS[0] ?? '').verify(late.body, late.headers)).toThrow('too old');
  expect(posted({ attempt: 2 }).headers['webhook-id']).toBe(late.headers['webhook-id']);
});

test('a secret that is no base64 signs by its bytes', () => {
  const own = 'a secret of my own, höchst privat';
  const { body, headers } = posted({ secrets: [own] });
  expect(new Webhook(Buffer.from(own), { format: 'raw' }).verify(body, headers)).toEqual(jsonOf(body));
});

function posted(more: Parameters<typeof signing>[1] = {}) {
  const rendered = standardTelling.render(SAMPLES['message.received']);
  if (!rendered) throw new Error('It is not told.');
  return { body: rendered.body, headers: standardTelling.headers(signing(rendered, more)) };
}

function bodyOf(event: Event): Json {
  return jsonOf(standardTelling.render(event)?.body ?? 'null');
}
