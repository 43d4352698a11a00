// The components of a template message. Which of them a template needs was settled when Meta approved it.
import { Type, type Static, type TSchema } from 'typebox';
import { exactly } from './kind.ts';
import {
  bodyParameter,
  callParameter,
  catalogParameter,
  flowParameter,
  headerParameter,
  MORE,
  offerParameter,
  orderParameter,
  orderStatusParameter,
  plainParameter,
  productsParameter,
  tapTargetParameter,
} from './template-parameters.ts';

const index = Type.Union(
  [
    Type.Integer({ minimum: 0, maximum: 9 }),
    Type.String({ pattern: '^[0-9]$', 'x-expected': 'the place of the button, "0" to "9"' }),
  ],
  { description: 'The button’s place in the template, from 0.' },
);

/** A component that needs exactly one parameter. */
function single<Name extends string, Parameter extends TSchema>(name: Name, parameter: Parameter) {
  return exactly({
    type: Type.Literal(name),
    parameters: Type.Array(parameter, { minItems: 1, maxItems: 1 }),
  });
}

function button<SubType extends string, Parameter extends TSchema>(subType: SubType, parameter: Parameter) {
  return exactly({
    type: Type.Literal('button'),
    sub_type: Type.Literal(subType),
    index,
    parameters: Type.Array(parameter, { minItems: 1, maxItems: 1 }),
  });
}

/** A button that works without parameters too. */
function freeButton<SubType extends string, Parameter extends TSchema>(
  subType: SubType,
  parameter: Parameter,
  most: number,
) {
  return exactly({
    type: Type.Literal('button'),
    sub_type: Type.Literal(subType),
    index,
    parameters: Type.Optional(Type.Array(parameter, { minItems: 1, maxItems: most })),
  });
}

const ofAnyCard = [
  single('header', headerParameter),
  exactly({ type: Type.Literal('body'), parameters: Type.Array(bodyParameter, { minItems: 1 }) }),
  button('quick_reply', plainParameter),
  button('url', plainParameter),
  button('copy_code', plainParameter),
  button('mpm', productsParameter),
  button('order_details', orderParameter),
  freeButton('catalog', catalogParameter, 1),
  freeButton('flow', flowParameter, 1),
  freeButton('voice_call', callParameter, 2),
] as const;

export const cardComponent = Type.Union([...ofAnyCard], MORE);

export const component = Type.Union(
  [
    ...ofAnyCard,
    single('limited_time_offer', offerParameter),
    single('tap_target_configuration', tapTargetParameter),
    single('order_status', orderStatusParameter),
    exactly({
      type: Type.Literal('carousel'),
      cards: Type.Array(
        exactly({
          card_index: Type.Integer({ minimum: 0, maximum: 9, description: 'The card’s place, from 0.' }),
          components: Type.Array(cardComponent, { minItems: 1 }),
        }),
        { minItems: 1, maxItems: 10 },
      ),
    }),
    exactly({ type: Type.Literal('call_permission_request') }),
  ],
  MORE,
);

export type Component = Static<typeof component>;
export type HeaderParameter = Static<typeof headerParameter>;
export type BodyParameter = Static<typeof bodyParameter>;

export const language = exactly({
  code: Type.String({
    pattern: '^[A-Za-z0-9_-]{2,20}$',
    'x-expected': 'a language such as "id" or "en_US"',
    description: 'The language the template was approved in.',
  }),
  policy: Type.Optional(Type.Literal('deterministic')),
});

export const templateName = Type.String({
  pattern: '^[a-z0-9_]{1,512}$',
  'x-expected': '1 to 512 lower-case letters, digits and underscores',
  description: 'The template’s name.',
});

export const components = Type.Optional(Type.Array(component, { description: 'What fills the template.' }));
