// Asks the customer to be allowed to call. Meta allows one a day and two a week to each customer.
import { Type } from 'typebox';
import { body, interactive, namedAction } from './interactive-parts.ts';
import { defineKind } from './kind.ts';

export const interactiveCallPermissionRequest = defineKind({
  type: 'interactive',
  schema: interactive('call_permission_request', {
    body: Type.Optional(body),
    action: namedAction('call_permission_request'),
  }),
  preview: (content) => content.body?.text ?? 'May we call?',
  example: {
    type: 'call_permission_request',
    body: { text: 'May we call you about your order?' },
    action: { name: 'call_permission_request' },
  },
});
