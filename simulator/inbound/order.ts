// What a customer orders from a catalogue.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const Item = Type.Object(
  {
    product_retailer_id: Type.String(),
    quantity: Type.Integer({ minimum: 1 }),
    item_price: Type.Number({ minimum: 0 }),
    currency: Type.String(),
  },
  strict,
);

const Order = Type.Object(
  {
    type: Type.Literal('order'),
    order: Type.Object(
      {
        catalog_id: Type.String(),
        text: Type.Optional(Type.String()),
        product_items: Type.Array(Item, { minItems: 1 }),
      },
      strict,
    ),
  },
  strict,
);

const ITEM_KEYS = ['product_retailer_id', 'quantity', 'item_price', 'currency'];

export const order = variant(Order, ({ order: given }) => ({
  type: 'order',
  body: {
    order: {
      ...pick(given, ['catalog_id', 'text']),
      product_items: given.product_items.map((item) => pick(item, ITEM_KEYS)),
    },
  },
}));
