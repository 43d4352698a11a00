// `template`: the shape of a template message. Whether it fits the approved template is check-template.ts's to say, which
// knows the templates.
import type { Kind } from './kind.ts';
import {
  anyObject,
  array,
  integer,
  media,
  number,
  object,
  oneOf,
  required,
  string,
  stringish,
  type Shape,
} from './shape.ts';

const parameter = object({
  type: required(string()),
  parameter_name: string(),
  text: string(),
  currency: object({
    fallback_value: required(string()),
    code: required(string()),
    amount_1000: required(number(-1e15, 1e15)),
  }),
  date_time: anyObject,
  image: media('image'),
  video: media('video'),
  gif: media('video'),
  document: media('document', { filename: string(240), caption: string(1024) }),
  location: object({
    latitude: required(number(-90, 90)),
    longitude: required(number(-180, 180)),
    name: string(1000),
    address: string(1000),
  }),
  product: object({ product_retailer_id: required(string()), catalog_id: required(stringish) }),
  group_id: string(),
  payload: string(),
  coupon_code: string(),
  action: anyObject,
  ttl_minutes: integer(1, 43_200),
  limited_time_offer: object({ expiration_time_ms: required(number(0, 1e15)) }),
  tap_target_configuration: array(object({ url: required(string()), title: required(string()) })),
});

const SUB_TYPES = [
  'quick_reply',
  'url',
  'copy_code',
  'catalog',
  'mpm',
  'flow',
  'voice_call',
  'order_details',
  'spm',
];

function components(cards: Shape): Shape {
  return array(
    object({
      type: required(
        oneOf(
          'header',
          'body',
          'button',
          'limited_time_offer',
          'carousel',
          'tap_target_configuration',
          'call_permission_request',
          'order_status',
        ),
      ),
      sub_type: oneOf(...SUB_TYPES),
      index: integer(0, 9),
      parameters: array(parameter),
      cards,
    }),
  );
}

const card = object({ card_index: required(integer(0, 9)), components: required(components(anyObject)) });

export const template: Kind = {
  shape: object({
    name: required(string(512, 1)),
    namespace: string(),
    language: required(object({ code: required(string(20, 1)), policy: oneOf('deterministic') })),
    components: components(array(card, 10)),
  }),
};
