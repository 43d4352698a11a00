// The meta dialect tells: what code written for Meta takes for Meta's own. Verified and read by the public client of another vendor.
import { normalizeWebhook, verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { expect, test } from 'vitest';

import { metaTelling } from '../../../src/dialects/graph/tell-event.ts';
import type { Event } from '../../../src/events/event.ts';
import { jsonOf, type JsonObject } from '../../../src/kernel/json.ts';
import { ownFailedStatus } from '../../../src/meta/own-status.ts';
import { bodyOf as metasBodyOf } from '../inbound/variants.ts';
import { ABOUT, ECHO, MESSAGE, SAMPLES, status, WAMID } from './sample-events.ts';
import { SECRETS, signing } from './signing.ts';
import { VARIANT_EVENTS } from './variant-events.ts';

const TOLD: ReadonlySet<string> = new Set([
  'message.received',
  'message.edited',
  'message.revoked',
  'message.status',
  'webhook.test',
  'meta.account_update',
]);

test.each(Object.entries(SAMPLES))('%s is told if Meta has a word for it', (type, event) => {
  const rendered = metaTelling.render(event);
  if (!TOLD.has(type)) return expect(rendered).toBeNull();
  expect(rendered).toMatchObject({ source: 'meta', subject: ABOUT.id });
  expect(Object.keys(bodyOf(event))).toEqual(['object', 'entry']);
});

test.each(VARIANT_EVENTS.map((one) => [one.variant.name, one] as const))(
  '%s is told as Meta told it, and its reader misses nothing',
  (_name, { variant, event }) => {
    const metas = metasBodyOf([variant]);
    expect(bodyOf(event)).toEqual(metas);
    expect(normalizeWebhook(bodyOf(event))).toEqual(normalizeWebhook(metas));
  },
);

const ERRORS = [
  {
    code: 131047,
    title: 'Re-engagement message',
    message: 'Re-engagement message',
    error_data: { details: 'x' },
  },
];

test.each([
  status('sent', {
    conversation: { id: 'c1', expiration_timestamp: '1780086400', origin: { type: 'marketing' } },
    pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'marketing' },
  }),
  status('delivered'),
  status('read'),
  status('played'),
  status('failed', { errors: ERRORS }),
  status('delivered', { recipient_type: 'group', recipient_participant_id: '628111' }),
])('status %# reaches its reader whole', (event) => {
  const read = normalizeWebhook(bodyOf(event));
  expect(read.phoneNumberId).toBe(ABOUT.number.phoneNumberId);
  expect(read.contacts).toHaveLength(1);
  expect(read.statuses).toHaveLength(1);
  const [one = { id: '', status: '' }] = read.statuses;
  expect(one).toMatchObject({
    id: WAMID,
    status: event.status,
    timestamp: '1780000000',
    bizOpaqueCallbackData: 'pesanan-17',
  });
  expect(Object.keys(one)).toHaveLength(Object.keys(event.told).length);
});

test('an end that Meta never told reads as a status of Meta’s', () => {
  const told = ownFailedStatus({
    messageId: MESSAGE,
    wamid: null,
    body: { to: '+628111222333', type: 'text' },
    conversation: '628111222333',
    callbackData: 'pesanan-17',
    failure: { code: 'expired', message: 'It could not leave before it expired.', providerCode: null },
    at: ABOUT.at,
  });
  const event: Event = { ...status('failed'), wamid: null, own: true, contacts: [], told };
  expect(normalizeWebhook(bodyOf(event)).statuses).toEqual([
    {
      id: MESSAGE,
      status: 'failed',
      timestamp: '1780000000',
      recipientId: '628111222333',
      bizOpaqueCallbackData: 'pesanan-17',
      errors: [
        {
          code: 131000,
          title: 'Something went wrong',
          message: 'Something went wrong',
          errorData: { details: 'It could not leave before it expired.', kurirCode: 'expired' },
        },
      ],
    },
  ]);
});

test('an own failure names groups and user ids as Meta does, and Meta’s own code where it said one', () => {
  const own = {
    messageId: MESSAGE,
    wamid: WAMID,
    callbackData: null,
    failure: { code: 'outside_24h_window', message: 'Too late.', providerCode: 131047 },
    at: ABOUT.at,
  } as const;
  expect(ownFailedStatus({ ...own, body: { recipient_type: 'group' }, conversation: '120363' })).toEqual({
    id: WAMID,
    status: 'failed',
    timestamp: '1780000000',
    recipient_id: '120363',
    recipient_type: 'group',
    errors: [
      {
        code: 131047,
        title: 'Re-engagement message',
        message: 'Re-engagement message',
        error_data: { details: 'Too late.' },
      },
    ],
  });
  expect(ownFailedStatus({ ...own, body: {}, conversation: 'ID.20593' })).toMatchObject({
    recipient_user_id: 'ID.20593',
  });
});

test('an echo keeps its field; what an application sent has no word of Meta’s', () => {
  expect(bodyOf(ECHO)).toMatchObject({
    entry: [{ changes: [{ field: 'smb_message_echoes', value: { message_echoes: [{ id: WAMID }] } }] }],
  });
  expect(normalizeWebhook(bodyOf(ECHO)).messages).toMatchObject([{ kapso: { direction: 'outbound' } }]);
  expect(metaTelling.render(SAMPLES['message.sent'])).toBeNull();
});

test('the body is written as Meta writes: ASCII, lower-case escapes, slashes and at signs escaped', () => {
  const event = SAMPLES['message.received'];
  const message = { ...event.message, text: { body: 'Kopi ☕ 👋🏽 é a@b.id/c "q" \\ \n\t\u007f' } };
  const body = rendering({ ...event, message }).body;
  expect(body).toContain(
    String.raw`"Kopi \u2615 \ud83d\udc4b\ud83c\udffd \u00e9 a\u0040b.id\/c \"q\" \\ \n\t` + '\u007f"',
  );
  expect(body).toMatch(/^[\u0020-\u007f]*$/);
  expect(jsonOf(body)).toMatchObject({ entry: [{ changes: [{ value: { messages: [message] } }] }] });
});

test('the signature verifies, during a rotation with the secret that the receiver knows already', () => {
  const rendered = rendering(SAMPLES['message.received']);
  const [newer = '', older = ''] = SECRETS;
  const during = metaTelling.headers(signing(rendered))['X-Hub-Signature-256'];
  const after = metaTelling.headers(signing(rendered, { secrets: [newer] }))['X-Hub-Signature-256'];
  expect(verified(during, older)).toBe(true);
  expect(verified(during, newer)).toBe(false);
  expect(verified(after, newer)).toBe(true);
  expect(verified(after, older)).toBe(false);

  function verified(signatureHeader: string | undefined, appSecret: string): boolean {
    return verifySignature({
      appSecret,
      rawBody: rendered.body,
      ...(signatureHeader && { signatureHeader }),
    });
  }
});

function rendering(event: Event) {
  const rendered = metaTelling.render(event);
  if (!rendered) throw new Error(`${event.type} is not told.`);
  return rendered;
}

function bodyOf(event: Event): JsonObject {
  return jsonOf(rendering(event).body) as JsonObject;
}
