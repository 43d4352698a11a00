// The kapso dialect tells: records of messages with their conversations, named in a header, alone or collected.
import { verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { expect, test } from 'vitest';

import { kapsoTelling } from '../../../src/dialects/kapso/tell-event.ts';
import type { Event } from '../../../src/events/event.ts';
import { uuidOf } from '../../../src/kernel/ids.ts';
import { isObject, jsonOf, type Json, type JsonObject } from '../../../src/kernel/json.ts';
import { objects } from '../../../src/meta/webhook-envelope.ts';
import { BUDI, GROUP_ID } from '../inbound/golden-people.ts';
import { bodyOf as metasBodyOf } from '../inbound/variants.ts';
import { ABOUT, AT, ECHO, MESSAGE, PERSON, SAMPLES, status, WAMID } from './sample-events.ts';
import { SECRETS, signing } from './signing.ts';
import { VARIANT_EVENTS } from './variant-events.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const NAMES: Record<string, string | null> = {
  'message.received': 'whatsapp.message.received',
  'message.edited': 'whatsapp.message.received',
  'message.revoked': 'whatsapp.message.received',
  'message.status': 'whatsapp.message.delivered',
  'message.created': null,
  'message.sent': null,
  'message.duplicate_detected': null,
  'message.media': null,
  'conversation.created': 'whatsapp.conversation.created',
  'conversation.assigned': null,
  'conversation.closed': 'whatsapp.conversation.ended',
  'conversation.reopened': null,
  'contact.created': null,
  'contact.updated': null,
  'contact.identity_updated': null,
  'webhook_subscription.disabled': null,
  'webhook.test': 'whatsapp.message.received',
  'meta.account_update': 'meta.account_update',
};

test.each(Object.entries(SAMPLES))('%s has its name of Kapso’s, or none', (type, event) => {
  expect(kapsoTelling.render(event)?.name ?? null).toBe(NAMES[type]);
});

test('a customer’s message is a record of it and of its conversation', () => {
  const at = new Date(AT).toISOString();
  const second = new Date(1_780_000_000_000).toISOString();
  const conversation = uuidOf(ABOUT.conversationId);
  expect(conversation).toMatch(UUID);
  expect(bodyOf(SAMPLES['message.received'])).toEqual({
    message: {
      from: PERSON.phone,
      from_user_id: PERSON.userId,
      id: WAMID,
      timestamp: '1780000000',
      type: 'text',
      text: { body: 'Halo' },
      context: null,
      kapso: {
        direction: 'inbound',
        status: 'received',
        processing_status: 'pending',
        origin: 'cloud_api',
        content: 'Halo',
        message_type_data: { body: 'Halo' },
        has_media: false,
        phone_number: PERSON.phone,
        phone_number_id: ABOUT.number.phoneNumberId,
        contact_name: PERSON.name,
        whatsapp_conversation_id: conversation,
      },
    },
    conversation: {
      id: conversation,
      phone_number: PERSON.phone,
      business_scoped_user_id: PERSON.userId,
      status: 'active',
      last_active_at: at,
      created_at: at,
      updated_at: at,
      metadata: {},
      phone_number_id: ABOUT.number.phoneNumberId,
      kapso: {
        contact_name: PERSON.name,
        messages_count: 1,
        last_message_id: WAMID,
        last_message_type: 'text',
        last_message_timestamp: second,
        last_message_text: 'Halo',
        last_inbound_at: second,
        last_outbound_at: null,
      },
    },
    is_new_conversation: true,
    phone_number_id: ABOUT.number.phoneNumberId,
  });
});

test('of a conversation that was there before, what was not looked up is left out', () => {
  const { conversation } = jsonObject(bodyOf({ ...SAMPLES['message.received'], isNewConversation: false }));
  const { kapso, ...rest } = jsonObject(conversation);
  expect(Object.keys(rest)).not.toContain('created_at');
  expect(Object.keys(jsonObject(kapso)).toSorted()).toEqual([
    'contact_name',
    'last_inbound_at',
    'last_message_id',
    'last_message_text',
    'last_message_timestamp',
    'last_message_type',
  ]);
});

test.each(VARIANT_EVENTS.map((one) => [one.variant.name, one] as const))(
  '%s is told whole',
  (_name, { variant, event }) => {
    if (event.type.startsWith('meta.')) return expect(bodyOf(event)).toEqual(metasBodyOf([variant]));
    const [told] = objects(variant.value[variant.about === 'echo' ? 'message_echoes' : 'messages']);
    const isInbound = variant.about === 'message';
    expect(bodyOf(event)).toMatchObject({
      message: {
        ...told,
        kapso: isInbound
          ? { direction: 'inbound', status: 'received' }
          : { direction: 'outbound', status: 'sent' },
      },
      conversation: { id: uuidOf(ABOUT.conversationId) },
    });
    const name = isInbound ? 'whatsapp.message.received' : 'whatsapp.message.sent';
    expect(kapsoTelling.render(event)?.name).toBe(name);
  },
);

test.each([
  ['image', 'Struk pembayaran'],
  ['image without a caption', null],
  ['document', 'Invoice bulan Mei'],
  ['location', 'Tugu Jogja'],
  ['dropped pin', '-6.1753871, 106.8249641'],
  ['contacts', 'Siti Rahma, Tanpa Telepon'],
  ['reaction', '❤️'],
  ['reaction removed', null],
  ['button', 'Ya, benar'],
  ['button reply', 'Bayar di tempat'],
  ['list reply', 'Kopi Gayo'],
  ['order', 'Tolong cepat'],
  ['edit', 'Dua gelas'],
  ['system: changed number', 'Ani Wijaya changed from 628111222333 to 628111222334'],
  ['sticker', null],
  ['a type of tomorrow', null],
])('%s says %j', (name, content) => {
  expect(bodyOf(golden(name))).toMatchObject({ message: { kapso: { content } } });
});

test('a flow’s reply is parsed, an order’s note stands beside it', () => {
  expect(bodyOf(golden('flow reply'))).toMatchObject({
    message: {
      kapso: {
        flow_response: { flow_token: 'senja-1', jumlah: 2, catatan: 'tanpa gula ☕' },
        flow_token: 'senja-1',
        flow_name: 'flow',
      },
    },
  });
  expect(bodyOf(golden('order'))).toMatchObject({ message: { kapso: { order_text: 'Tolong cepat' } } });
});

test('media is named by our address once it is kept', () => {
  const pending = golden('document');
  expect(bodyOf(pending)).toMatchObject({ message: { kapso: { has_media: false, media_url: null } } });
  if (pending.type !== 'message.received') throw new Error('A document is received.');
  const url = 'https://kurir.example/media/1';
  expect(bodyOf({ ...pending, media: { status: 'ready', url } })).toMatchObject({
    message: {
      kapso: {
        has_media: true,
        media_url: url,
        media_data: { url, filename: 'invoice "Mei" 05/2026.pdf', content_type: 'application/pdf' },
      },
    },
  });
});

test('statuses grow: what was known before, then this one as Meta told it', () => {
  const event = status('read', { pricing: { category: 'service' } });
  const times = { sent: AT - 3_000, delivered: AT - 2_000, read: AT, failed: null };
  expect(bodyOf({ ...event, times })).toMatchObject({
    message: {
      id: WAMID,
      type: 'text',
      from: ABOUT.number.phone,
      to: PERSON.phone,
      text: { body: 'Pesanan Anda siap' },
      kapso: {
        direction: 'outbound',
        status: 'read',
        statuses: [
          { id: WAMID, status: 'sent', timestamp: '1779999997' },
          { id: WAMID, status: 'delivered', timestamp: '1779999998' },
          { ...event.told },
        ],
      },
    },
    is_new_conversation: false,
  });
});

test.each([
  ['sent', 'whatsapp.message.sent', 'sent'],
  ['delivered', 'whatsapp.message.delivered', 'delivered'],
  ['read', 'whatsapp.message.read', 'read'],
  ['played', 'whatsapp.message.read', 'read'],
  ['failed', 'whatsapp.message.failed', 'failed'],
] as const)('the status %s is %s', (name, told, shown) => {
  const event = status(name);
  expect(kapsoTelling.render(event)?.name).toBe(told);
  expect(bodyOf(event)).toMatchObject({ message: { kapso: { status: shown } } });
});

test('a message that Meta never named has our id; a reply names what it answers', () => {
  const event = status('failed', { id: MESSAGE });
  const body = { ...event.outbound.body, context: { message_id: 'wamid.1' } };
  const outbound = { ...event.outbound, body };
  expect(bodyOf({ ...event, wamid: null, own: true, outbound })).toMatchObject({
    message: { id: MESSAGE, context: { id: 'wamid.1' } },
  });
});

test('a person without a phone, and a group, have none made up', () => {
  expect(bodyOf(golden('text of a user id without a phone'))).toMatchObject({
    conversation: { phone_number: null, business_scoped_user_id: BUDI.userId },
  });
  expect(bodyOf(golden('text in a group'))).toMatchObject({
    message: { group_id: GROUP_ID },
    conversation: { phone_number: null, business_scoped_user_id: null },
  });
});

test('a test says that it is one', () => {
  expect(bodyOf(SAMPLES['webhook.test'])).toMatchObject({
    test: true,
    message: { id: `wamid.TEST_${ABOUT.id}`, type: 'text' },
  });
});

test('an ended conversation is told by its record', () => {
  expect(bodyOf(SAMPLES['conversation.closed'])).toMatchObject({
    conversation: { id: uuidOf(ABOUT.conversationId), phone_number: PERSON.phone, status: 'ended' },
    phone_number_id: ABOUT.number.phoneNumberId,
  });
});

test('the signature verifies, during a rotation with the secret that the receiver knows already', () => {
  const rendered = rendering(ECHO);
  const [newer = '', older = ''] = SECRETS;
  expect(verified(older, SECRETS)).toBe(true);
  expect(verified(newer, SECRETS)).toBe(false);
  expect(verified(newer, [newer])).toBe(true);

  // Kapso's client verifies Meta's header, which has the same signature behind a prefix.
  function verified(appSecret: string, secrets: readonly string[]): boolean {
    const bare = kapsoTelling.headers(signing(rendered, { secrets }))['X-Webhook-Signature'];
    return verifySignature({ appSecret, rawBody: rendered.body, signatureHeader: `sha256=${bare}` });
  }
});

test('a delivery keeps its idempotency key over its tries, and has no other’s', () => {
  const rendered = rendering(SAMPLES['message.received']);
  const key = (
    deliveryId: 'wbd_01KQ0000000000000000000000' | 'wbd_01KQ0000000000000000000001',
    attempt: number,
  ) => kapsoTelling.headers(signing(rendered, { deliveryId, attempt }))['X-Idempotency-Key'];
  const first = key('wbd_01KQ0000000000000000000000', 1);
  expect(first).toMatch(UUID);
  expect(key('wbd_01KQ0000000000000000000000', 2)).toBe(first);
  expect(key('wbd_01KQ0000000000000000000001', 1)).not.toBe(first);
});

test('several are collected into one body, each as it stands alone', () => {
  const one = rendering(SAMPLES['message.received']);
  const other = rendering(golden('text that looks like code'));
  const body = kapsoTelling.batch?.([one.body, other.body], {
    name: one.name,
    conversationId: 'of no use',
    windowMs: 5_000,
    firstSequence: 7,
    lastSequence: 9,
  });
  expect(jsonOf(body ?? '')).toEqual({
    type: 'whatsapp.message.received',
    batch: true,
    data: [jsonOf(one.body), jsonOf(other.body)],
    batch_info: {
      size: 2,
      window_ms: 5_000,
      first_sequence: 7,
      last_sequence: 9,
      conversation_id: uuidOf(ABOUT.conversationId),
    },
  });
  expect(kapsoTelling.headers(signing(one, { batch: 2 }))).toMatchObject({
    'X-Webhook-Event': 'whatsapp.message.received',
    'X-Webhook-Payload-Version': 'v2',
    'X-Webhook-Batch': 'true',
    'X-Batch-Size': '2',
  });
  expect(Object.keys(kapsoTelling.headers(signing(one)))).not.toContain('X-Webhook-Batch');
});

function golden(name: string): Event {
  const found = VARIANT_EVENTS.find((one) => one.variant.name === name);
  if (!found) throw new Error(`There is no variant ${name}.`);
  return found.event;
}

function jsonObject(value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Error('It is no object.');
  return value;
}

function rendering(event: Event) {
  const rendered = kapsoTelling.render(event);
  if (!rendered) throw new Error(`${event.type} is not told.`);
  return rendered;
}

function bodyOf(event: Event): Json {
  return jsonOf(rendering(event).body);
}
