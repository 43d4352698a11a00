// A button that opens an address.
import { Type } from 'typebox';
import {
  anyHeader,
  body,
  footer,
  headerFaults,
  headerMedia,
  interactive,
  linkButton,
} from './interactive-parts.ts';
import { defineKind, exactly } from './kind.ts';
import { linkFaults } from './media.ts';

export const interactiveCtaUrl = defineKind({
  type: 'interactive',
  schema: interactive('cta_url', {
    header: Type.Optional(anyHeader),
    body,
    footer: Type.Optional(footer),
    action: exactly({ name: Type.Literal('cta_url'), parameters: linkButton }),
  }),
  *faults({ header, action }, fields) {
    yield* headerFaults(header, 'interactive.header', fields);
    yield* linkFaults(action.parameters.url, 'interactive.action.parameters.url', fields);
  },
  mediaIn: ({ header }) => headerMedia(header, 'interactive.header'),
  preview: (content) => `${content.body.text} [${content.action.parameters.display_text}]`,
  example: {
    type: 'cta_url',
    header: { type: 'text', text: 'Your order' },
    body: { text: 'Tap the button to follow your order.' },
    footer: { text: 'The link works for 30 days' },
    action: {
      name: 'cta_url',
      parameters: { display_text: 'Follow it', url: 'https://shop.example.com/orders/12345' },
    },
  },
});
