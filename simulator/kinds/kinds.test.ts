// Every kind of message, sent as Meta's pages show it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { errorOf, graph, NUMBER, send, TOKEN } from '../testing/client.ts';
import { card, flow, interactive, link, name, reply, rows } from '../testing/message-parts.ts';

let simulator: Simulator;
let mediaId = '';

beforeAll(async () => {
  simulator = await startSimulator({ windowEnforced: false, pairLimit: null, throughputPerSecond: null });
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('file', new Blob(['bytes'], { type: 'image/png' }), 'a.png');
  const uploaded = await fetch(`${simulator.url}/v24.0/${NUMBER}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: form,
  });
  const { id } = (await uploaded.json()) as { id: string };
  mediaId = id;
});

afterAll(() => simulator.close());

test.each<[string, JsonObject]>([
  ['text', { type: 'text', text: { body: 'Hi', preview_url: true } }],
  [
    'text, quoted',
    { type: 'text', text: { body: 'Hi' }, context: { message_id: 'wamid.HBgLMTIzNDU2Nzg5MDE=' } },
  ],
  ['TEXT in capitals', { type: 'TEXT', text: { body: 'Hi' } }],
  ['image', { type: 'image', image: { link, caption: 'Look' } }],
  ['video', { type: 'video', video: { link } }],
  ['audio, a voice note', { type: 'audio', audio: { link, voice: true } }],
  ['document', { type: 'document', document: { link, caption: 'c', filename: 'a.pdf' } }],
  ['sticker', { type: 'sticker', sticker: { link } }],
  [
    'location',
    {
      type: 'location',
      location: { latitude: -33.45, longitude: '-70.66', name: 'Santiago', address: 'CL' },
    },
  ],
  [
    'contacts',
    {
      type: 'contacts',
      contacts: [{ name, phones: [{ phone: '+1555', type: 'WORK', wa_id: '1555' }], birthday: '2000-01-31' }],
    },
  ],
  ['reaction', { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍🏽' } }],
  ['reaction taken back', { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '' } }],
  [
    'cta_url',
    interactive('cta_url', { action: { name: 'cta_url', parameters: { display_text: 'Open', url: link } } }),
  ],
  [
    'list',
    interactive('list', {
      header: { type: 'text', text: 'H' },
      footer: { text: 'F' },
      action: { button: 'View', sections: [{ title: 'S', rows: rows(10) }] },
    }),
  ],
  [
    'button',
    interactive('button', {
      header: { type: 'image', image: { link } },
      action: { buttons: [reply('a', 'A'), reply('b', 'B'), reply('c', 'C')] },
    }),
  ],
  ['carousel', interactive('carousel', { action: { cards: [card(0), card(1)] } })],
  ['flow', interactive('flow', { action: { name: 'flow', parameters: flow } })],
  ['product', interactive('product', { action: { catalog_id: 'C', product_retailer_id: 'S' } })],
  [
    'product_list',
    interactive('product_list', {
      header: { type: 'text', text: 'H' },
      action: { catalog_id: 'C', sections: [{ title: 'S', product_items: [{ product_retailer_id: 'S' }] }] },
    }),
  ],
  [
    'catalog_message',
    interactive('catalog_message', {
      action: { name: 'catalog_message', parameters: { thumbnail_product_retailer_id: 'S' } },
    }),
  ],
  [
    'location_request_message',
    interactive('location_request_message', { action: { name: 'send_location' } }),
  ],
  [
    'address_message',
    interactive('address_message', {
      action: { name: 'address_message', parameters: { country: 'IN', values: { name: 'x' } } },
    }),
  ],
  ['request_contact_info', interactive('request_contact_info', { action: { name: 'request_contact_info' } })],
  [
    'call_permission_request',
    interactive('call_permission_request', { action: { name: 'call_permission_request' } }),
  ],
  [
    'voice_call',
    interactive('voice_call', {
      action: { name: 'voice_call', parameters: { display_text: 'Call', ttl_minutes: 100 } },
    }),
  ],
  [
    'order_details',
    interactive('order_details', {
      action: {
        name: 'review_and_pay',
        parameters: {
          reference_id: 'order-1',
          type: 'digital-goods',
          currency: 'INR',
          total_amount: { value: 1100, offset: 100 },
          order: { status: 'pending', items: [] },
        },
      },
    }),
  ],
  [
    'order_status',
    interactive('order_status', {
      action: { name: 'review_order', parameters: { reference_id: 'order-1', order: { status: 'shipped' } } },
    }),
  ],
])('takes %s', async (_what, message) => {
  const answer = await send(simulator, message);
  expect(answer.text).toContain('"messages":[{"id":"wamid.');
});

test('takes an uploaded medium, but only from the number it was uploaded for', async () => {
  expect((await send(simulator, { type: 'image', image: { id: mediaId } })).status).toBe(200);
  simulator.control.putNumber('200000000000009', { display_phone_number: '+15550001111' });
  const other = await graph(simulator, 'POST /v24.0/200000000000009/messages', {
    body: { messaging_product: 'whatsapp', to: '628111111111', type: 'image', image: { id: mediaId } },
  });
  expect(errorOf(other)).toEqual({
    message: "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID",
    type: 'OAuthException',
    code: 100,
  });
});
