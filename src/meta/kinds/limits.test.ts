// The limits of the kinds, one row each: a body that just breaks one, and where the refusal must point.
import { describe, expect, test } from 'vitest';
import { KurirError } from '../../kernel/errors.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { parseOutbound } from '../outbound.ts';
import { KINDS } from './index.ts';

const TO = { messaging_product: 'whatsapp', to: '+628111111111' };

/** `code param` of a refusal. */
function why(body: JsonObject): string {
  try {
    parseOutbound(body, 'closed');
  } catch (error) {
    if (error instanceof KurirError) return `${error.code} ${error.details.param ?? ''}`;
    throw error;
  }
  return 'accepted';
}

function template(components: Json): JsonObject {
  return { ...TO, type: 'template', template: { name: 'hello', language: { code: 'id' }, components } };
}

function interactive(content: JsonObject): JsonObject {
  return { ...TO, type: 'interactive', interactive: { body: { text: 'x' }, ...content } };
}

const reply = (id: string, title: string) => ({ type: 'reply', reply: { id, title } });
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ id: `r${from + i}`, title: 'Row' }));
const card = (i: number, more: JsonObject = {}) => ({
  card_index: i,
  type: 'cta_url',
  header: { type: 'image', image: { id: '1' } },
  action: { name: 'cta_url', parameters: { display_text: 'Go', url: 'https://shop.example.com' } },
  ...more,
});

describe('what a schema cannot say', () => {
  const both = { id: '1', link: 'https://cdn.example.com/a' };
  const section = (title: string | null, from: number, count: number) => ({
    ...(title === null ? {} : { title }),
    rows: rows(count, from),
  });
  const list = (sections: Json) => interactive({ type: 'list', action: { button: 'Open', sections } });
  const carousel = (cards: Json) => interactive({ type: 'carousel', action: { cards } });
  const flow = (more: JsonObject) =>
    interactive({
      type: 'flow',
      action: { name: 'flow', parameters: { flow_message_version: '3', flow_cta: 'Go', ...more } },
    });
  const items = (count: number) => Array.from({ length: count }, () => ({ product_retailer_id: 'x' }));
  const products = (sections: Json) =>
    interactive({
      type: 'product_list',
      header: { type: 'text', text: 'x' },
      action: { catalog_id: '1', sections },
    });
  const cta = (url: string) =>
    interactive({ type: 'cta_url', action: { name: 'cta_url', parameters: { display_text: 'Go', url } } });
  const quick = (...keys: string[]) => ({
    action: { buttons: keys.map((id) => ({ type: 'quick_reply', quick_reply: { id, title: 'x' } })) },
  });

  test.each<[string, JsonObject]>([
    ['missing_required_field image', { ...TO, type: 'image', image: {} }],
    ['invalid_field_value image', { ...TO, type: 'image', image: both }],
    ['invalid_field_value sticker.link', { ...TO, type: 'sticker', sticker: { link: 'cdn.example.com/a' } }],
    ['invalid_field_value video.link', { ...TO, type: 'video', video: { link: 'https://a b' } }],
    ['invalid_field_value audio.caption', { ...TO, type: 'audio', audio: { id: '1', caption: 'x' } }],
    [
      'invalid_field_value document.caption',
      { ...TO, type: 'document', document: { id: '1', caption: 'x'.repeat(1025) } },
    ],
    [
      'invalid_field_value location.latitude',
      { ...TO, type: 'location', location: { latitude: 91, longitude: 0 } },
    ],
    [
      'invalid_field_value location.longitude',
      { ...TO, type: 'location', location: { latitude: '1', longitude: '181' } },
    ],
    ['invalid_field_value contacts', { ...TO, type: 'contacts', contacts: [] }],
    [
      'invalid_field_value contacts',
      {
        ...TO,
        type: 'contacts',
        contacts: Array.from({ length: 258 }, () => ({ name: { formatted_name: 'x' } })),
      },
    ],
    [
      'missing_required_field contacts[0].name.formatted_name',
      { ...TO, type: 'contacts', contacts: [{ name: {} }] },
    ],
    [
      'invalid_field_value contacts[0].birthday',
      { ...TO, type: 'contacts', contacts: [{ name: { formatted_name: 'x' }, birthday: '17.5.1990' }] },
    ],
    [
      'invalid_field_value reaction.emoji',
      { ...TO, type: 'reaction', reaction: { message_id: 'x', emoji: '👍👍' } },
    ],
    [
      'invalid_field_value reaction.emoji',
      { ...TO, type: 'reaction', reaction: { message_id: 'x', emoji: '1' } },
    ],
    [
      'invalid_field_value interactive.action.buttons',
      interactive({ type: 'button', action: { buttons: [] } }),
    ],
    [
      'invalid_field_value interactive.action.buttons',
      interactive({ type: 'button', action: { buttons: [1, 2, 3, 4].map((i) => reply(`${i}`, `${i}`)) } }),
    ],
    [
      'invalid_field_value interactive.action.buttons[1].reply.id',
      interactive({ type: 'button', action: { buttons: [reply('a', 'A'), reply('a', 'B')] } }),
    ],
    [
      'invalid_field_value interactive.action.buttons[1].reply.title',
      interactive({ type: 'button', action: { buttons: [reply('a', 'A'), reply('b', 'A')] } }),
    ],
    [
      'invalid_field_value interactive.header.type',
      interactive({ type: 'button', header: { type: 'audio' }, action: { buttons: [reply('a', 'A')] } }),
    ],
    [
      'missing_required_field interactive.header.image',
      interactive({
        type: 'button',
        header: { type: 'image', image: {} },
        action: { buttons: [reply('a', 'A')] },
      }),
    ],
    [
      'invalid_field_value interactive.action.sections[0].rows[2].title',
      list([{ title: 'x', rows: [...rows(2), { id: 'z', title: 'x'.repeat(25) }] }]),
    ],
    [
      'missing_required_field interactive.action.sections[1].title',
      list([section('a', 0, 1), section(null, 1, 1)]),
    ],
    [
      'invalid_field_value interactive.action.sections[1].rows[0].id',
      list([section('a', 0, 1), section('b', 0, 1)]),
    ],
    ['invalid_field_value interactive.action.sections', list([section('a', 0, 6), section('b', 6, 5)])],
    ['invalid_field_value interactive.action.parameters.url', cta('ftp://shop.example.com')],
    ['invalid_field_value interactive.action.parameters.url', cta('javascript:alert(1)')],
    ['missing_required_field interactive.action.parameters', flow({})],
    ['invalid_field_value interactive.action.parameters', flow({ flow_id: '1', flow_name: 'x' })],
    [
      'invalid_field_value interactive.action.parameters.flow_message_version',
      flow({ flow_id: '1', flow_message_version: '2' }),
    ],
    [
      'missing_required_field interactive.action.sections[0].title',
      products([{ product_items: items(1) }, { title: 'b', product_items: items(1) }]),
    ],
    [
      'invalid_field_value interactive.action.sections',
      products([
        { title: 'a', product_items: items(16) },
        { title: 'b', product_items: items(15) },
      ]),
    ],
    ['invalid_field_value interactive.action.cards', carousel([card(0)])],
    ['invalid_field_value interactive.action.cards[1].card_index', carousel([card(0), card(0)])],
    [
      'invalid_field_value interactive.action.cards[1].header.type',
      carousel([card(0), card(1, { header: { type: 'video', video: { id: '1' } } })]),
    ],
    [
      'invalid_field_value interactive.action.cards[1].action',
      carousel([card(0, quick('a')), card(1, quick('a', 'b'))]),
    ],
    ['invalid_field_value interactive.action.cards[1].action', carousel([card(0), card(1, quick('a'))])],
    [
      'invalid_field_value interactive.action.cards[0].action.buttons[1].quick_reply.id',
      carousel([card(0, quick('a', 'a')), card(1, quick('a', 'b'))]),
    ],
    [
      'invalid_field_value interactive.action.cards[1].type',
      carousel([
        card(0),
        { card_index: 1, type: 'product', action: { catalog_id: '1', product_retailer_id: '1' } },
      ]),
    ],
    [
      'invalid_field_value interactive.action.cards[0].body.text',
      carousel([card(0, { body: { text: 'a\nb\nc\nd' } }), card(1)]),
    ],
    [
      'missing_required_field interactive.action.cards[0].action.parameters',
      carousel([card(0, { action: {} }), card(1)]),
    ],
    [
      'missing_required_field interactive.action.cards[0].action.name',
      carousel([
        card(0, { action: { parameters: { display_text: 'x', url: 'https://a.example' } } }),
        card(1),
      ]),
    ],
    [
      'invalid_field_value interactive.action.cards[0].action',
      carousel([
        card(0, {
          action: {
            name: 'cta_url',
            parameters: { display_text: 'x', url: 'https://a.example' },
            ...quick('a').action,
          },
        }),
        card(1),
      ]),
    ],
  ])('%s', (expected, body) => {
    expect(why(body)).toBe(expected);
  });
});

describe('templates', () => {
  const text = (more: JsonObject = {}) => ({ type: 'text', text: 'x', ...more });
  const button = (index: Json, more: JsonObject = {}) => ({
    type: 'button',
    sub_type: 'url',
    index,
    parameters: [text()],
    ...more,
  });
  const cards = (...list: Json[]) => template([{ type: 'carousel', cards: list }]);
  const header = (parameter: Json) => template([{ type: 'header', parameters: [parameter] }]);

  test.each<[string, JsonObject]>([
    [
      'invalid_field_value template.name',
      { ...TO, type: 'template', template: { name: 'Hello', language: { code: 'id' } } },
    ],
    ['missing_required_field template.language', { ...TO, type: 'template', template: { name: 'hello' } }],
    [
      'invalid_field_value template.language',
      { ...TO, type: 'template', template: { name: 'hello', language: 'id' } },
    ],
    [
      'invalid_field_value template.language.policy',
      { ...TO, type: 'template', template: { name: 'hello', language: { code: 'id', policy: 'x' } } },
    ],
    ['invalid_field_value template.components', template({})],
    ['invalid_field_value template.components[0]', template(['body'])],
    ['missing_required_field template.components[0].type', template([{}])],
    ['missing_required_field template.components[0].parameters', template([{ type: 'body' }])],
    [
      'invalid_field_value template.components[0].parameters[0].text',
      template([{ type: 'body', parameters: [text({ text: '' })] }]),
    ],
    [
      'missing_required_field template.components[0].parameters[1].parameter_name',
      template([{ type: 'body', parameters: [text({ parameter_name: 'a' }), text()] }]),
    ],
    [
      'invalid_field_value template.components[0].parameters[1].parameter_name',
      template([
        { type: 'body', parameters: [text({ parameter_name: 'a' }), text({ parameter_name: 'a' })] },
      ]),
    ],
    [
      'invalid_field_value template.components[1].type',
      template([
        { type: 'body', parameters: [text()] },
        { type: 'body', parameters: [text()] },
      ]),
    ],
    ['invalid_field_value template.components[1].index', template([button(0), button('0')])],
    ['invalid_field_value template.components[0].index', template([button(10)])],
    [
      'missing_required_field template.components[0].index',
      template([{ type: 'button', sub_type: 'url', parameters: [text()] }]),
    ],
    ['missing_required_field template.components[0].sub_type', template([{ type: 'button', index: 0 }])],
    [
      'invalid_field_value template.components[0].parameters[0].coupon_code',
      template([
        button(0, {
          sub_type: 'copy_code',
          parameters: [{ type: 'coupon_code', coupon_code: 'x'.repeat(21) }],
        }),
      ]),
    ],
    [
      'missing_required_field template.components[0].parameters[0].image',
      header({ type: 'image', image: {} }),
    ],
    [
      'invalid_field_value template.components[0].parameters[0].video',
      header({ type: 'video', video: { id: '1', link: 'https://a.example/b' } }),
    ],
    ['missing_required_field template.components[0].parameters[0].gif', header({ type: 'gif', gif: {} })],
    [
      'invalid_field_value template.components[0].parameters[0].document.link',
      header({ type: 'document', document: { link: 'x' } }),
    ],
    [
      'invalid_field_value template.components[0].parameters[0].location.latitude',
      header({ type: 'location', location: { latitude: '99', longitude: '0' } }),
    ],
    [
      'invalid_field_value template.components[0].cards[1].card_index',
      cards({ card_index: 0, components: [button(0)] }, { card_index: 0, components: [button(0)] }),
    ],
    [
      'invalid_field_value template.components[0].cards[0].components[1].index',
      cards({ card_index: 0, components: [button(0), button(0)] }),
    ],
    [
      'invalid_field_value template.components[0].parameters[0].tap_target_configuration[0].url',
      template([
        {
          type: 'tap_target_configuration',
          parameters: [
            { type: 'tap_target_configuration', tap_target_configuration: [{ url: 'x', title: 'x' }] },
          ],
        },
      ]),
    ],
    [
      'missing_required_field template.components[0].parameters[0].action.sections[0].title',
      template([
        button(0, {
          sub_type: 'mpm',
          parameters: [
            {
              type: 'action',
              action: {
                thumbnail_product_retailer_id: 'x',
                sections: [
                  { product_items: [{ product_retailer_id: 'x' }] },
                  { title: 'b', product_items: [{ product_retailer_id: 'x' }] },
                ],
              },
            },
          ],
        }),
      ]),
    ],
  ])('%s', (expected, body) => {
    expect(why(body)).toBe(expected);
  });

  test('types in capitals are Meta’s own, and reach it in lower case', () => {
    const components = [
      { type: 'BODY', parameters: [{ type: 'TEXT', text: 'KEEP ME' }] },
      {
        type: 'BUTTON',
        sub_type: 'COPY_CODE',
        index: 0,
        parameters: [{ type: 'coupon_code', coupon_code: 'AB' }],
      },
    ];
    const message = parseOutbound(template(components), 'closed');
    expect(message.body['template']).toMatchObject({
      components: [
        { type: 'body', parameters: [{ type: 'text', text: 'KEEP ME' }] },
        { type: 'button', sub_type: 'copy_code', index: 0 },
      ],
    });
  });

  test('the media of header and cards are found', () => {
    const image = (id: string) => ({ type: 'header', parameters: [{ type: 'image', image: { id } }] });
    const body = template([
      image('a'),
      { type: 'carousel', cards: [{ card_index: 0, components: [image('b')] }] },
    ]);
    const { kind, body: said } = parseOutbound(body, 'closed');
    expect(KINDS[kind].mediaIn(said['template'] ?? null)).toEqual([
      { type: 'image', path: 'template.components[0].parameters[0].image', id: 'a' },
      { type: 'image', path: 'template.components[1].cards[0].components[0].parameters[0].image', id: 'b' },
    ]);
  });
});
