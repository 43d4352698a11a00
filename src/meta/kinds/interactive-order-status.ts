// What has become of an order that was sent as order_details.
import { Type } from 'typebox';
import { body, footer, interactive } from './interactive-parts.ts';
import { defineKind, exactly } from './kind.ts';
import { orderStatusName, referenceId } from './orders.ts';

const parameters = exactly({
  reference_id: referenceId,
  order: Type.Optional(Type.Object({ status: orderStatusName, description: Type.Optional(Type.String()) })),
  payment: Type.Optional(Type.Object({})),
});

export const interactiveOrderStatus = defineKind({
  type: 'interactive',
  schema: interactive('order_status', {
    body,
    footer: Type.Optional(footer),
    action: exactly({ name: Type.Literal('review_order'), parameters }),
  }),
  preview: (content) => `${content.body.text} (order ${content.action.parameters.reference_id})`,
  example: {
    type: 'order_status',
    body: { text: 'Your cake is on its way.' },
    action: {
      name: 'review_order',
      parameters: { reference_id: 'order-12345', order: { status: 'shipped', description: 'By bicycle' } },
    },
  },
});
