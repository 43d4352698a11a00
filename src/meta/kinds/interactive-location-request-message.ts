// A button with which the customer sends a place.
import { body, interactive, namedAction } from './interactive-parts.ts';
import { defineKind } from './kind.ts';

export const interactiveLocationRequestMessage = defineKind({
  type: 'interactive',
  schema: interactive('location_request_message', { body, action: namedAction('send_location') }),
  preview: (content) => content.body.text,
  example: {
    type: 'location_request_message',
    body: { text: 'Where shall we bring it?' },
    action: { name: 'send_location' },
  },
});
