// Arbitrary interactive messages, kind by kind.
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import type { KindName } from '../../src/meta/kinds/index.ts';
import {
  body,
  distinct,
  footer,
  freeText,
  headers,
  ids,
  imageHeader,
  links,
  listOf,
  shaped,
  textHeader,
  texts,
  videoHeader,
  type Content,
} from './arbitrary-parts.ts';

function interactive(
  type: string,
  required: Record<string, Content>,
  optional: Record<string, Content> = {},
): Content {
  return shaped({ type: fc.constant(type), ...required }, optional);
}

function action(name: string, parameters?: Content): fc.Arbitrary<JsonObject> {
  return shaped({ name: fc.constant(name), ...(parameters ? { parameters } : {}) });
}

const replies = fc
  .uniqueArray(texts(1, 20), { minLength: 1, maxLength: 3 })
  .chain((titles) =>
    fc
      .uniqueArray(texts(1, 256), { minLength: titles.length, maxLength: titles.length })
      .map((keys) => titles.map((title, i) => ({ type: 'reply', reply: { id: keys[i] ?? title, title } }))),
  );

/** Sections that together hold 1 to `most` items, each with a title (one alone may go without). */
function sections(field: string, items: fc.Arbitrary<JsonObject[]>): fc.Arbitrary<Json[]> {
  return fc
    .tuple(
      items,
      fc.integer({ min: 1, max: 10 }),
      fc.array(texts(1, 24), { minLength: 10, maxLength: 10 }),
      fc.boolean(),
    )
    .map(([all, wanted, titles, untitled]) => {
      const count = Math.min(wanted, all.length);
      return Array.from({ length: count }, (_, i) => ({
        ...(count === 1 && untitled ? {} : { title: titles[i] ?? 'x' }),
        [field]: all.filter((_item, k) => k % count === i),
      }));
    });
}

const rows = distinct(
  shaped({ id: texts(1, 200), title: texts(1, 24) }, { description: texts(0, 72) }),
  (row) => row['id'],
  [1, 10],
);
const products = fc.array(shaped({ product_retailer_id: ids }), { minLength: 1, maxLength: 30, size: 'max' });
const linkButton = shaped({ display_text: texts(1, 20), url: links });

const cardText = fc.constantFrom('one line', 'two\nlines', 'one\ntwo\nthree', '😀'.repeat(160));
const cardActions = fc.integer({ min: 0, max: 3 }).map((count) =>
  count === 0
    ? action('cta_url', linkButton)
    : distinct(shaped({ id: texts(1, 256), title: texts(1, 20) }), (one) => one['id'], [count, count]).map(
        (all) => ({
          buttons: all.map((one) => ({ type: 'quick_reply', quick_reply: one })),
        }),
      ),
);
const carousels = fc
  .tuple(
    fc.integer({ min: 2, max: 10 }),
    fc.constantFrom(imageHeader, videoHeader),
    cardActions,
    fc.boolean(),
  )
  .chain(([count, header, cardAction, ofProducts]) => {
    const sort = ofProducts
      ? { type: fc.constant('product'), action: shaped({ catalog_id: ids, product_retailer_id: ids }) }
      : { type: fc.constant('cta_url'), header, action: cardAction };
    const card = (i: number) =>
      shaped({ card_index: fc.constant(i), ...sort }, { body: shaped({ text: cardText }) });
    return fc.tuple(...Array.from({ length: count }, (_, i) => card(i)));
  });

const flowParameters = fc.constantFrom('flow_id', 'flow_name').chain((way) =>
  shaped(
    { flow_message_version: fc.constant('3'), [way]: ids, flow_cta: texts(1, 30) },
    {
      mode: fc.constantFrom('published', 'draft'),
      flow_token: ids,
      flow_action: fc.constantFrom('navigate', 'data_exchange'),
      flow_action_payload: shaped(
        { screen: ids },
        { data: shaped({}, { any: fc.integer(), other: freeText }) },
      ),
    },
  ),
);

const amounts = shaped({ value: fc.nat(), offset: fc.constant(100) }, { description: freeText });
const orderReference = fc.stringMatching(/^[A-Za-z0-9_.-]{1,35}$/);
const orderItem = shaped({ name: texts(1, 60), amount: amounts, quantity: fc.integer({ min: 1, max: 99 }) });
const order = shaped(
  { status: fc.constant('pending') },
  { items: listOf(orderItem, 1, 5), subtotal: amounts },
);
const paymentLink = shaped({ type: fc.constant('payment_link'), payment_link: shaped({ uri: links }) });
const orderParameters = shaped(
  {
    reference_id: orderReference,
    type: fc.constantFrom('digital-goods', 'physical-goods'),
    currency: fc.constantFrom('BRL', 'INR'),
    total_amount: amounts,
    order,
  },
  { payment_type: fc.constantFrom('br', 'upi'), payment_settings: listOf(paymentLink, 1, 2) },
);
const fieldTexts = fc.dictionary(fc.constantFrom('name', 'in_pin_code', 'city'), freeText);

export const interactiveContents: Partial<Record<KindName, Content>> = {
  'interactive.button': interactive(
    'button',
    { body, action: shaped({ buttons: replies }) },
    { header: headers, footer },
  ),
  'interactive.list': interactive(
    'list',
    {
      body: shaped({ text: texts(1, 4096) }),
      action: shaped({ button: texts(1, 20), sections: sections('rows', rows) }),
    },
    { header: textHeader, footer },
  ),
  'interactive.cta_url': interactive(
    'cta_url',
    { body, action: action('cta_url', linkButton) },
    { header: headers, footer },
  ),
  'interactive.carousel': interactive('carousel', { body, action: shaped({ cards: carousels }) }),
  'interactive.flow': interactive(
    'flow',
    { body, action: action('flow', flowParameters) },
    { header: headers, footer },
  ),
  'interactive.product': interactive(
    'product',
    { action: shaped({ catalog_id: ids, product_retailer_id: ids }) },
    { body, footer },
  ),
  'interactive.product_list': interactive(
    'product_list',
    {
      header: textHeader,
      body,
      action: shaped({ catalog_id: ids, sections: sections('product_items', products) }),
    },
    { footer },
  ),
  'interactive.catalog_message': interactive(
    'catalog_message',
    { body, action: action('catalog_message', shaped({}, { thumbnail_product_retailer_id: ids })) },
    { footer },
  ),
  'interactive.location_request_message': interactive('location_request_message', {
    body,
    action: action('send_location'),
  }),
  'interactive.address_message': interactive(
    'address_message',
    {
      body,
      action: action(
        'address_message',
        shaped(
          { country: fc.constant('IN') },
          {
            values: fieldTexts,
            validation_errors: fieldTexts,
            saved_addresses: distinct(shaped({ id: ids, value: fieldTexts }), (one) => one['id'], [0, 3]),
          },
        ),
      ),
    },
    { header: headers, footer },
  ),
  'interactive.request_contact_info': interactive('request_contact_info', {
    body,
    action: action('request_contact_info'),
  }),
  'interactive.call_permission_request': interactive(
    'call_permission_request',
    { action: action('call_permission_request') },
    { body },
  ),
  'interactive.voice_call': interactive('voice_call', {
    body,
    action: fc.oneof(
      action('voice_call'),
      action(
        'voice_call',
        shaped(
          {},
          { display_text: texts(1, 20), ttl_minutes: fc.constantFrom(1, 43_200), payload: texts(0, 512) },
        ),
      ),
    ),
  }),
  'interactive.order_details': interactive(
    'order_details',
    { body, action: action('review_and_pay', orderParameters) },
    { header: headers, footer },
  ),
  'interactive.order_status': interactive(
    'order_status',
    {
      body,
      action: action(
        'review_order',
        shaped({
          reference_id: orderReference,
          order: shaped({ status: fc.constantFrom('processing', 'shipped') }, { description: freeText }),
        }),
      ),
    },
    { footer },
  ),
};
