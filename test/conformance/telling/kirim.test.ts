// The kirim dialect tells: Meta's shape with a block beside it, its own envelope for all else, and a signature that a verifier written
// from the contract takes.
import { expect, test } from 'vitest';

import { kirimTelling } from '../../../src/dialects/kirim/tell-event.ts';
import type { Event, EventType } from '../../../src/events/event.ts';
import { isObject, jsonOf, type Json, type JsonObject } from '../../../src/kernel/json.ts';
import { ABOUT, AT, CONTACTS, ECHO, MESSAGE, PERSON, SAMPLES, status, WAMID } from './sample-events.ts';
import { SECRETS, signing } from './signing.ts';
import { isKirims } from './verify-kirim.ts';

const NATIVE: ReadonlySet<EventType> = new Set([
  'message.created',
  'message.sent',
  'message.duplicate_detected',
  'message.media',
  'conversation.created',
  'conversation.assigned',
  'conversation.closed',
  'conversation.reopened',
  'contact.created',
  'contact.updated',
  'contact.identity_updated',
  'webhook_subscription.disabled',
  'webhook.test',
]);

test('a customer’s message is Meta’s envelope of it alone, with the block kirim', () => {
  expect(bodyOf(SAMPLES['message.received'])).toEqual({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: ABOUT.number.wabaId,
        changes: [
          {
            value: {
              messaging_product: 'whatsapp',
              metadata: {
                display_phone_number: ABOUT.number.phone,
                phone_number_id: ABOUT.number.phoneNumberId,
              },
              contacts: CONTACTS,
              messages: [
                {
                  from: PERSON.phone,
                  from_user_id: PERSON.userId,
                  id: WAMID,
                  timestamp: '1780000000',
                  type: 'text',
                  text: { body: 'Halo' },
                },
              ],
            },
            field: 'messages',
          },
        ],
      },
    ],
    kirim: {
      contact: { name: PERSON.name, phone_number: `+${PERSON.phone}`, user_id: PERSON.userId },
      message_id: MESSAGE,
      conversation_id: ABOUT.conversationId,
      phone_number_id: ABOUT.number.phoneNumberId,
    },
  });
});

test('media is told with its place and its state', () => {
  const event = SAMPLES['message.received'];
  const media = { status: 'pending', url: null } as const;
  expect(bodyOf({ ...event, media })).toMatchObject({
    kirim: { media_url: null, media_status: 'pending' },
  });
});

test('every status of a message has an event id of its own, and each participant of a group', () => {
  const subjects = [
    status('sent'),
    status('delivered'),
    status('read'),
    status('delivered', { recipient_type: 'group', recipient_participant_id: '628111' }),
    status('delivered', { recipient_type: 'group', recipient_participant_id: '628222' }),
  ].map((event) => kirimTelling.render(event)?.subject);
  expect(subjects).toEqual([
    `${WAMID}:sent`,
    `${WAMID}:delivered`,
    `${WAMID}:read`,
    `${WAMID}:delivered:628111`,
    `${WAMID}:delivered:628222`,
  ]);
});

test('a failure of a message that Meta never named has our id', () => {
  const event: Event = { ...status('failed', { id: MESSAGE }), own: true, wamid: null };
  expect(kirimTelling.render(event)).toMatchObject({ subject: `${MESSAGE}:failed`, source: 'meta' });
});

test.each(Object.entries(SAMPLES))('%s is told, from its own source', (type, event) => {
  const rendered = kirimTelling.render(event);
  const isNative = NATIVE.has(event.type);
  expect(rendered).toMatchObject({ name: type, source: isNative ? 'kirim' : 'meta' });
  const body = bodyOf(event);
  if (isNative) {
    const created_at = new Date(AT).toISOString();
    expect(body).toMatchObject({ id: ABOUT.id, type, created_at, livemode: true, data: expect.any(Object) });
    expect(rendered?.subject).toBe(ABOUT.id);
  } else expect(body).toMatchObject({ object: 'whatsapp_business_account', kirim: expect.any(Object) });
});

test('what was sent is told in the contract’s words, wherever it was written', () => {
  for (const [event, source] of [
    [SAMPLES['message.sent'], 'api'],
    [ECHO, 'app'],
  ] as const)
    expect(bodyOf(event)).toMatchObject({
      data: {
        session: ABOUT.number.phoneNumberId,
        message: {
          id: MESSAGE,
          provider_id: WAMID,
          type: 'text',
          body: 'Pesanan Anda siap',
          to: `+${PERSON.phone}`,
          source,
        },
        contact: { phone_number: `+${PERSON.phone}` },
        timestamp: new Date(AT).toISOString(),
        meta: { phone_number_id: ABOUT.number.phoneNumberId },
      },
    });
});

test('a person of whom only a user id is known has no phone number', () => {
  const person = { ...PERSON, phone: null };
  expect(bodyOf({ ...SAMPLES['message.received'], person })).toMatchObject({
    kirim: { contact: { phone_number: null, user_id: PERSON.userId } },
  });
});

test('of a person whom nobody looked up nothing is said that may be otherwise', () => {
  const { contact: whole } = dataOf(SAMPLES['message.created']);
  expect(whole).toEqual({ name: PERSON.name, phone_number: `+${PERSON.phone}`, user_id: PERSON.userId });
  const person = { ...PERSON, name: undefined, phone: undefined };
  const { contact } = dataOf({ ...SAMPLES['message.created'], person });
  expect(contact).toEqual({ user_id: PERSON.userId });

  function dataOf(event: Event): JsonObject {
    const body = bodyOf(event);
    if (!isObject(body) || !isObject(body['data'])) throw new Error('It has no data.');
    return body['data'];
  }
});

test('headers name the event and the try', () => {
  const rendered = rendering(SAMPLES['message.received']);
  expect(kirimTelling.headers(signing(rendered, { attempt: 3 }))).toMatchObject({
    'X-Kirim-Source': 'meta',
    'X-Kirim-Event': 'message.received',
    'X-Kirim-Event-Id': WAMID,
    'X-Kirim-Delivery-Id': 'wbd_01KQ0000000000000000000000',
    'X-Kirim-Attempt': '3',
  });
});

test('what Meta named oddly never makes a header that cannot be sent', () => {
  const event: Event = { ...SAMPLES['message.received'], wamid: 'wamid.é\n☕' };
  expect(kirimTelling.headers(signing(rendering(event)))['X-Kirim-Event-Id']).toBe(
    'wamid.%C3%A9%0A%E2%98%95',
  );
});

test('each secret in force verifies, by the contract', () => {
  const rendered = rendering(SAMPLES['message.received']);
  const header = kirimTelling.headers(signing(rendered))['X-Kirim-Signature'] ?? '';
  expect(header).toMatch(/^t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  for (const secret of SECRETS) expect(isKirims(rendered.body, header, secret)).toBe(true);
  expect(isKirims(rendered.body, header, `${SECRETS[0]}x`)).toBe(false);
  expect(isKirims(`${rendered.body} `, header, SECRETS[0] ?? '')).toBe(false);
  const old = kirimTelling.headers(signing(rendered, { now: Date.now() - 301_000 }));
  expect(isKirims(rendered.body, old['X-Kirim-Signature'] ?? '', SECRETS[0] ?? '')).toBe(false);
});

function rendering(event: Event) {
  const rendered = kirimTelling.render(event);
  if (!rendered) throw new Error(`${event.type} is not told.`);
  return rendered;
}

function bodyOf(event: Event): Json {
  return jsonOf(rendering(event).body);
}
