// Asks a customer who is known by a user name only for the phone number.
import { body, interactive, namedAction } from './interactive-parts.ts';
import { defineKind } from './kind.ts';

export const interactiveRequestContactInfo = defineKind({
  type: 'interactive',
  schema: interactive('request_contact_info', { body, action: namedAction('request_contact_info') }),
  preview: (content) => content.body.text,
  example: {
    type: 'request_contact_info',
    body: { text: 'May we have your number, so that the driver can call?' },
    action: { name: 'request_contact_info' },
  },
});
