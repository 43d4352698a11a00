// Arbitrary templates: components in every combination that could fit some approved template.
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import {
  distinct,
  documents,
  ids,
  indexes,
  listOf,
  media,
  places,
  shaped,
  texts,
  type Content,
} from './arbitrary-parts.ts';

const headerParameters = fc.oneof(
  shaped({ type: fc.constant('text'), text: texts(1, 60) }),
  shaped({ type: fc.constant('image'), image: media() }),
  shaped({ type: fc.constant('video'), video: media() }),
  shaped({ type: fc.constant('document'), document: documents }),
  shaped({ type: fc.constant('location'), location: places }),
  shaped({ type: fc.constant('product'), product: shaped({ product_retailer_id: ids, catalog_id: ids }) }),
);
const positional = fc.oneof(
  shaped({ type: fc.constant('text'), text: texts(1, 200) }),
  shaped({
    type: fc.constant('currency'),
    currency: shaped({
      fallback_value: texts(1, 20),
      code: fc.constantFrom('IDR', 'EUR'),
      amount_1000: fc.integer(),
    }),
  }),
  shaped({ type: fc.constant('date_time'), date_time: shaped({ fallback_value: texts(1, 40) }) }),
);
const named = fc
  .uniqueArray(ids, { minLength: 1, maxLength: 4 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        shaped({ type: fc.constant('text'), parameter_name: fc.constant(name), text: texts(1, 60) }),
      ),
    ),
  );

function button(subType: string, parameters: Content): fc.Arbitrary<JsonObject> {
  return shaped({ type: fc.constant('button'), sub_type: fc.constant(subType), index: indexes, parameters });
}

function single(type: string, value: Content): fc.Arbitrary<Json[]> {
  return shaped({ type: fc.constant(type), [type]: value }).map((one) => [one]);
}

const buttons = fc.oneof(
  button('quick_reply', single('payload', texts(1, 200))),
  button('url', single('text', texts(1, 60))),
  button('copy_code', single('coupon_code', texts(1, 20))),
  button('catalog', single('action', shaped({}, { thumbnail_product_retailer_id: ids }))),
  button(
    'flow',
    single('action', shaped({}, { flow_token: ids, flow_action_data: shaped({}, { screen: ids }) })),
  ),
  button('voice_call', single('ttl_minutes', fc.constantFrom(1, 10_080, 43_200))),
);
const bodyComponent = shaped({
  type: fc.constant('body'),
  parameters: fc.oneof(listOf(positional, 1, 5), named),
});
const headerComponent = shaped({
  type: fc.constant('header'),
  parameters: headerParameters.map((one) => [one]),
});
const buttonComponents = distinct(buttons, (one) => JSON.stringify(one['index']).replaceAll('"', ''), [0, 3]);

const cardComponents = fc
  .tuple(headerComponent, bodyComponent, buttonComponents)
  .map(([header, text, tail]): Json => [header, text].concat(tail));
const templateCarousel = shaped({
  type: fc.constant('carousel'),
  cards: fc
    .integer({ min: 1, max: 10 })
    .chain((count) =>
      fc.tuple(
        ...Array.from({ length: count }, (_, i) =>
          shaped({ card_index: fc.constant(i), components: cardComponents }),
        ),
      ),
    ),
});

const components = fc
  .tuple(
    fc.option(headerComponent, { nil: undefined }),
    fc.option(bodyComponent, { nil: undefined }),
    buttonComponents,
    fc.option(templateCarousel, { nil: undefined, freq: 5 }),
    fc.boolean(),
  )
  .map(([header, text, tail, carousel, permission]): Json[] =>
    [header, text, tail, carousel, permission ? { type: 'call_permission_request' } : undefined]
      .flat()
      .filter((one) => one !== undefined),
  );

export const templates = shaped(
  {
    name: fc.oneof(fc.stringMatching(/^[a-z0-9_]{1,30}$/), fc.constant('t'.repeat(512))),
    language: shaped(
      { code: fc.constantFrom('id', 'en_US', 'pt_BR', 'fil') },
      { policy: fc.constant('deterministic') },
    ),
  },
  { components },
);
