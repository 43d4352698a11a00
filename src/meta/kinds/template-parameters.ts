// What may be put into a template: the parameters of its header, body and buttons, as Meta spells them. Whether they fit
// the template that was approved is not known here.
import { Type, type TProperties } from 'typebox';
import { locationObject } from './location.ts';
import { documentObject, mediaObject } from './media.ts';
import { characters, exactly } from './kind.ts';
import { MORE_VARIANTS } from './open-schema.ts';
import { productSection } from './products.ts';

/** In a union of tagged objects, the open dialects hand on what Meta may have added since. */
export const MORE = { [MORE_VARIANTS]: true };

const parameterName = Type.Optional(
  characters(1, Infinity, 'For templates with named parameters: the name.'),
);
const retailerId = characters(1, Infinity, 'The product’s id in the catalogue.');

function parameter<Name extends string, Properties extends TProperties>(name: Name, properties: Properties) {
  return exactly({ type: Type.Literal(name), ...properties });
}

const textParameter = parameter('text', {
  text: characters(1, Infinity, 'What stands in the place of the variable.'),
  parameter_name: parameterName,
});

export const headerParameter = Type.Union(
  [
    textParameter,
    parameter('image', { image: mediaObject }),
    parameter('video', { video: mediaObject }),
    parameter('gif', { gif: mediaObject }),
    parameter('document', { document: documentObject }),
    parameter('location', { location: locationObject }),
    parameter('product', {
      product: exactly({
        product_retailer_id: retailerId,
        catalog_id: characters(1, Infinity, 'The catalogue.'),
      }),
    }),
  ],
  MORE,
);

const number = Type.Optional(Type.Union([Type.Integer(), Type.String()]));

export const bodyParameter = Type.Union(
  [
    textParameter,
    parameter('currency', {
      currency: exactly({
        fallback_value: characters(
          1,
          Infinity,
          'Shown where the amount cannot be put into the reader’s form.',
        ),
        code: Type.String({
          pattern: '^[A-Z]{3}$',
          'x-expected': 'a currency of three capital letters',
          description: 'ISO 4217.',
        }),
        amount_1000: Type.Integer({ description: 'The amount, times 1000.' }),
      }),
      parameter_name: parameterName,
    }),
    parameter('date_time', {
      date_time: exactly({
        fallback_value: characters(1, Infinity, 'The moment as it shall be shown.'),
        // Meta takes these from older clients and shows fallback_value.
        day_of_week: number,
        day_of_month: number,
        year: number,
        month: number,
        hour: number,
        minute: number,
        calendar: Type.Optional(Type.String()),
      }),
      parameter_name: parameterName,
    }),
    parameter('group_id', { group_id: characters(1, 256, 'The group the recipient is invited to.') }),
  ],
  MORE,
);

const payloadParameter = parameter('payload', {
  payload: characters(1, Infinity, 'Comes back when the button is tapped.'),
});

/** Meta documents payload for quick_reply, text for url, coupon_code for copy_code; clients mix them, and Meta decides. */
export const plainParameter = Type.Union(
  [
    payloadParameter,
    parameter('text', { text: characters(1, Infinity, 'The end of the address, or the one-time code.') }),
    parameter('coupon_code', { coupon_code: characters(1, 20, 'The code that is copied.') }),
  ],
  MORE,
);
export const callParameter = Type.Union(
  [
    parameter('ttl_minutes', {
      ttl_minutes: Type.Integer({
        minimum: 1,
        maximum: 43_200,
        description: 'How long the button can be used.',
      }),
    }),
    payloadParameter,
  ],
  MORE,
);

export const catalogParameter = parameter('action', {
  action: exactly({ thumbnail_product_retailer_id: Type.Optional(retailerId) }),
});
export const productsParameter = parameter('action', {
  action: exactly({
    thumbnail_product_retailer_id: retailerId,
    sections: Type.Array(productSection, { minItems: 1, maxItems: 10 }),
  }),
});
export const flowParameter = parameter('action', {
  action: exactly({
    flow_token: Type.Optional(characters(1, Infinity, 'Comes back with the answers.')),
    flow_action_data: Type.Optional(Type.Object({}, { description: 'Data for the first screen.' })),
  }),
});
export const orderParameter = parameter('action', {
  action: exactly({
    order_details: Type.Object({}, { description: 'The order, as in an order_details message.' }),
  }),
});

export const offerParameter = parameter('limited_time_offer', {
  limited_time_offer: exactly({
    expiration_time_ms: Type.Integer({ minimum: 1, description: 'When the offer ends.' }),
  }),
});
export const tapTargetParameter = parameter('tap_target_configuration', {
  tap_target_configuration: Type.Array(
    exactly({
      url: characters(1, Infinity, 'Where a tap leads.'),
      title: characters(1, Infinity, 'What it is called.'),
    }),
    { minItems: 1 },
  ),
});
export const orderStatusParameter = parameter('order_status', {
  order_status: exactly({
    reference_id: characters(1, 35, 'The order.'),
    order: exactly({ status: Type.String(), description: Type.Optional(Type.String()) }),
  }),
});
