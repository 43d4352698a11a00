// Contact cards that a customer shares; `origin` says whether the business had asked for one.
import { Type } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { pick, strict, variant } from './variant.ts';

// Cards come from address books: whatever else stands in them is handed on.
const Card = Type.Unsafe<JsonObject>(Type.Object({ name: Type.Object({ formatted_name: Type.String() }) }));

const Contacts = Type.Object(
  {
    type: Type.Literal('contacts'),
    contacts: Type.Array(Card, { minItems: 1 }),
    origin: Type.Optional(Type.Union([Type.Literal('contact_request'), Type.Literal('other')])),
  },
  strict,
);

export const contacts = variant(Contacts, (asked) => ({
  type: 'contacts',
  body: { contacts: asked.contacts },
  after: pick(asked, ['origin']),
}));
