// A customer's text: `{ "text": "Halo" }` or Meta's own `{ "text": { "body": "Halo" } }`.
import { Type } from 'typebox';
import { strict, variant } from './variant.ts';

const Text = Type.Object(
  {
    type: Type.Literal('text'),
    text: Type.Union([Type.String(), Type.Object({ body: Type.String() }, strict)]),
  },
  strict,
);

export const text = variant(Text, ({ text: given }) => ({
  type: 'text',
  body: { text: { body: typeof given === 'string' ? given : given.body } },
}));
