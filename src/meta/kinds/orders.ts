// The parts of an order that order_details and order_status share. Payments differ by country and change often: what is
// common is checked, and Meta judges the rest.
import { Type } from 'typebox';
import { characters } from './kind.ts';

export const referenceId = Type.String({
  pattern: '^[A-Za-z0-9_.-]{1,35}$',
  'x-expected': '1 to 35 letters, digits, underscores, dashes and dots',
  description: 'The application’s own id of the order.',
});

/** An amount as a whole number and what it is divided by. */
export const amount = Type.Object({
  value: Type.Integer({ description: 'The amount, times the offset.' }),
  offset: Type.Integer({ minimum: 1, description: '100 in the currencies that Meta takes payments in.' }),
  description: Type.Optional(Type.String()),
});

export const orderStatusName = Type.String({
  pattern: '^[a-z_-]{1,40}$',
  'x-expected': 'a status such as "processing"',
  description: 'pending, processing, partially_shipped, shipped, completed or canceled.',
});

export const item = Type.Object({
  retailer_id: Type.Optional(characters(1, Infinity, 'The product’s id.')),
  name: characters(1, Infinity, 'What it is.'),
  amount,
  sale_amount: Type.Optional(amount),
  quantity: Type.Integer({ minimum: 1 }),
});
