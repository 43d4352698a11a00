// An order to be looked at and paid, in Brazil and India.
import { Type } from 'typebox';
import { anyHeader, body, footer, headerFaults, headerMedia, interactive } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';
import { amount, item, orderStatusName, referenceId } from './orders.ts';

const order = Type.Object({
  status: orderStatusName,
  items: Type.Optional(Type.Array(item, { minItems: 1 })),
  subtotal: Type.Optional(amount),
  tax: Type.Optional(amount),
  shipping: Type.Optional(amount),
  discount: Type.Optional(amount),
});

const setting = Type.Object({
  type: characters(1, Infinity, 'The way to pay; the details stand in a field of the same name.'),
  payment_link: Type.Optional(Type.Object({ uri: characters(1, Infinity, 'Where it can be paid.') })),
  boleto: Type.Optional(Type.Object({ digitable_line: characters(1, Infinity, 'The line to type.') })),
  pix_dynamic_code: Type.Optional(Type.Object({ code: characters(1, Infinity, 'The Pix code to copy.') })),
  payment_gateway: Type.Optional(Type.Object({ type: characters(1, Infinity, 'Which gateway.') })),
});

const parameters = exactly({
  reference_id: referenceId,
  type: Type.Union([Type.Literal('digital-goods'), Type.Literal('physical-goods')]),
  payment_type: Type.Optional(characters(1, Infinity, 'Such as br or upi.')),
  payment_configuration: Type.Optional(characters(1, Infinity, 'The name of the payment configuration.')),
  payment_settings: Type.Optional(Type.Array(setting, { minItems: 1 })),
  currency: Type.String({
    pattern: '^[A-Z]{3}$',
    'x-expected': 'a currency of three capital letters',
    description: 'ISO 4217.',
  }),
  total_amount: amount,
  order: Type.Optional(order),
  beneficiaries: Type.Optional(Type.Array(Type.Object({}))),
  shipping_info: Type.Optional(Type.Object({})),
});

export const interactiveOrderDetails = defineKind({
  type: 'interactive',
  schema: interactive('order_details', {
    header: Type.Optional(anyHeader),
    body,
    footer: Type.Optional(footer),
    action: exactly({ name: Type.Literal('review_and_pay'), parameters }),
  }),
  faults: ({ header }, fields) => headerFaults(header, 'interactive.header', fields),
  mediaIn: ({ header }) => headerMedia(header, 'interactive.header'),
  preview: (content) => `${content.body.text} (order ${content.action.parameters.reference_id})`,
  example: {
    type: 'order_details',
    header: { type: 'image', image: { link: 'https://cdn.example.com/cake.jpg' } },
    body: { text: 'Your order is ready to be paid.' },
    footer: { text: 'Thank you' },
    action: {
      name: 'review_and_pay',
      parameters: {
        reference_id: 'order-12345',
        type: 'physical-goods',
        payment_type: 'br',
        payment_settings: [{ type: 'payment_link', payment_link: { uri: 'https://pay.example.com/12345' } }],
        currency: 'BRL',
        total_amount: { value: 5500, offset: 100 },
        order: {
          status: 'pending',
          items: [{ retailer_id: 'cake-1', name: 'Cake', amount: { value: 5000, offset: 100 }, quantity: 1 }],
          subtotal: { value: 5000, offset: 100 },
          tax: { value: 0, offset: 100, description: 'None' },
          shipping: { value: 500, offset: 100 },
        },
      },
    },
  },
});
