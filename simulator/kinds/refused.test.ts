// Every kind of message, refused for what Meta's pages forbid: by the schema, or by WhatsApp's own rules.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { errorOf, send } from '../testing/client.ts';
import { body, card, flow, interactive, link, name, reply, rows } from '../testing/message-parts.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ windowEnforced: false, pairLimit: null, throughputPerSecond: null });
});

afterAll(() => simulator.close());

const oneOf = 'must have exactly one of the parameters {id, link}.';
const list = (action: JsonObject): JsonObject => interactive('list', { action });
const buttons = (...all: JsonObject[]): JsonObject => interactive('button', { action: { buttons: all } });

test.each<[string, JsonObject, string]>([
  ['an image without a source', { type: 'image', image: { caption: 'x' } }, `Param image ${oneOf}`],
  ['an image with two', { type: 'image', image: { id: '1', link } }, `Param image ${oneOf}`],
  [
    'a link that is none',
    { type: 'image', image: { link: 'D:/a.png' } },
    "Param image['link'] is not a valid URI.",
  ],
  [
    'a caption too long',
    { type: 'video', video: { link, caption: 'x'.repeat(1025) } },
    "Param video['caption'] must be at most 1024 characters long.",
  ],
  [
    'a captioned audio',
    { type: 'audio', audio: { link, caption: 'x' } },
    'Unexpected key "caption" on param "audio".',
  ],
  [
    'a latitude of 91',
    { type: 'location', location: { latitude: 91, longitude: 0 } },
    "Param location['latitude'] must be less than or equal to 90.",
  ],
  [
    'a location without numbers',
    { type: 'location', location: { latitude: 'north', longitude: 0 } },
    "Param location['latitude'] must be a number.",
  ],
  ['contacts that are no list', { type: 'contacts', contacts: { name } }, 'Param contacts must be an array.'],
  [
    'a contact without a name',
    { type: 'contacts', contacts: [{}] },
    "The parameter contacts[0]['name'] is required.",
  ],
  [
    '258 contacts',
    { type: 'contacts', contacts: Array.from({ length: 258 }, () => ({ name })) },
    'Param contacts must have at most 257 elements.',
  ],
  [
    'a reaction without an emoji',
    { type: 'reaction', reaction: { message_id: 'wamid.x' } },
    "The parameter reaction['emoji'] is required.",
  ],
  ['no interactive part', { type: 'interactive' }, 'The parameter interactive is required.'],
  [
    'an interactive message of no type',
    { type: 'interactive', interactive: { body } },
    "The parameter interactive['type'] is required.",
  ],
  [
    'an unknown interactive type',
    interactive('toString', {}),
    `Param interactive['type'] must be one of {CTA_URL, LIST,`,
  ],
  [
    'an interactive key of one’s own',
    interactive('product', { templateId: 1, action: { catalog_id: 'C', product_retailer_id: 'S' } }),
    'Unexpected key "templateId" on param "interactive".',
  ],
  ['a list without action', interactive('list', {}), "The parameter interactive['action'] is required."],
  [
    'a list with an image above',
    interactive('list', {
      header: { type: 'image', image: { link } },
      action: { button: 'B', sections: [] },
    }),
    `Param interactive['header']['type'] must be one of {TEXT} - got "image".`,
  ],
  [
    'a button without a title',
    buttons({ type: 'reply', reply: { id: 'a' } }),
    "The parameter interactive['action']['buttons'][0]['reply']['title'] is required.",
  ],
  [
    'a cta_url to nowhere',
    interactive('cta_url', {
      action: { name: 'cta_url', parameters: { display_text: 'x', url: 'nowhere' } },
    }),
    "Param interactive['action']['parameters']['url'] is not a valid URI.",
  ],
  [
    'a context without an id',
    { type: 'text', text: { body: 'x' }, context: {} },
    "The parameter context['message_id'] is required.",
  ],
])('the schema refuses %s', async (_what, message, text) => {
  const answer = await send(simulator, message);
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toEqual({
    message: expect.stringContaining(`(#100) ${text}`),
    type: 'OAuthException',
    code: 100,
  });
});

test.each<[string, JsonObject, number, string]>([
  [
    'four buttons',
    buttons(reply('a', 'A'), reply('b', 'B'), reply('c', 'C'), reply('d', 'D')),
    131009,
    'Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3',
  ],
  ['no buttons', buttons(), 131009, 'Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3'],
  [
    'a title of 21',
    buttons(reply('a', 'x'.repeat(21))),
    131009,
    'Button title length invalid. Min length: 1, Max length: 20',
  ],
  [
    'an empty title',
    buttons(reply('a', '')),
    131009,
    'Button title length invalid. Min length: 1, Max length: 20',
  ],
  ['two buttons of one id', buttons(reply('a', 'A'), reply('a', 'B')), 131009, 'Duplicated button id: a'],
  [
    'eleven rows',
    list({
      button: 'B',
      sections: [
        { title: '1', rows: rows(6) },
        { title: '2', rows: rows(5) },
      ],
    }),
    131009,
    'Total row count exceed max allowed count: 10',
  ],
  [
    'a row title of 25',
    list({ button: 'B', sections: [{ rows: [{ id: 'a', title: 'x'.repeat(25) }] }] }),
    131009,
    'Row title is too long. Max length is 24',
  ],
  [
    'a description of 73',
    list({ button: 'B', sections: [{ rows: [{ id: 'a', title: 'A', description: 'x'.repeat(73) }] }] }),
    131009,
    'Row description is too long. Max length is 72',
  ],
  [
    'two sections without titles',
    list({ button: 'B', sections: [{ rows: rows(1) }, { rows: rows(1) }] }),
    131009,
    'Section title is required when there is more than one section',
  ],
  [
    'a label of 21',
    list({ button: 'x'.repeat(21), sections: [{ rows: rows(1) }] }),
    131009,
    'Button label length invalid. Min length: 1, Max length: 20',
  ],
  [
    'a body of 1025',
    interactive('button', { body: { text: 'x'.repeat(1025) }, action: { buttons: [reply('a', 'A')] } }),
    131009,
    'Body text length invalid. Min length: 1, Max length: 1024',
  ],
  [
    'a footer of 61',
    interactive('button', { footer: { text: 'x'.repeat(61) }, action: { buttons: [reply('a', 'A')] } }),
    131009,
    'Footer text length invalid. Min length: 1, Max length: 60',
  ],
  [
    'a text header without text',
    interactive('button', { header: { type: 'text' }, action: { buttons: [reply('a', 'A')] } }),
    131009,
    'Text cannot be null for header type text',
  ],
  [
    'a single card',
    interactive('carousel', { action: { cards: [card(0)] } }),
    131009,
    'Invalid cards count. Min allowed cards: 2, Max allowed cards: 10',
  ],
  [
    'cards of two sorts',
    interactive('carousel', {
      action: { cards: [card(0), card(1, { header: { type: 'video', video: { link } } })] },
    }),
    131009,
    'All cards must have the same header type',
  ],
  [
    'a flow of version 2',
    interactive('flow', { action: { name: 'flow', parameters: { ...flow, flow_message_version: '2' } } }),
    131009,
    'flow_message_version is not valid. Allowed value: 3',
  ],
  [
    'a flow of two names',
    interactive('flow', { action: { name: 'flow', parameters: { ...flow, flow_name: 'f' } } }),
    131008,
    'Exactly one of flow_id and flow_name is required',
  ],
  [
    'products without a header',
    interactive('product_list', {
      action: { catalog_id: 'C', sections: [{ product_items: [{ product_retailer_id: 'S' }] }] },
    }),
    131008,
    "The parameter interactive['header'] is required for product list messages",
  ],
  [
    'a catalogue with a header',
    interactive('catalog_message', {
      header: { type: 'text', text: 'H' },
      action: { name: 'catalog_message' },
    }),
    131009,
    "The parameter interactive['header'] is not allows for catalog messages.",
  ],
  [
    'an address in Indonesia',
    interactive('address_message', { action: { name: 'address_message', parameters: { country: 'ID' } } }),
    131009,
    'Address messages are only supported for country IN',
  ],
  [
    'an order without a currency',
    interactive('order_details', {
      action: { name: 'review_and_pay', parameters: { reference_id: 'a', type: 'digital-goods' } },
    }),
    131008,
    "The parameter action['parameters']['currency'] is required.",
  ],
  [
    'an order status of its own',
    interactive('order_status', {
      action: { name: 'review_order', parameters: { reference_id: 'a', order: { status: 'lost' } } },
    }),
    131009,
    'order status is not valid.',
  ],
  [
    'two emojis',
    { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍👍' } },
    131009,
    'Reaction emoji is not valid.',
  ],
  [
    'a letter for an emoji',
    { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: 'x' } },
    131009,
    'Reaction emoji is not valid.',
  ],
  [
    'a contact of a formatted name only',
    { type: 'contacts', contacts: [{ name: { formatted_name: 'J' } }] },
    131008,
    'contacts[0].name: At least one of first_name',
  ],
])('WhatsApp refuses %s', async (_what, message, code, details) => {
  const answer = await send(simulator, message);
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({
    code,
    error_data: { messaging_product: 'whatsapp', details: expect.stringContaining(details) },
  });
});
