// A button with which the customer calls the business on WhatsApp.
import { Type } from 'typebox';
import { body, interactive } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

export const interactiveVoiceCall = defineKind({
  type: 'interactive',
  schema: interactive('voice_call', {
    body,
    action: exactly({
      name: Type.Literal('voice_call'),
      parameters: Type.Optional(
        exactly({
          display_text: Type.Optional(characters(1, 20, 'The button’s label; Meta’s own is “Call Now”.')),
          ttl_minutes: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 43_200,
              description: 'How long the button works; 10080 unless told.',
            }),
          ),
          payload: Type.Optional(characters(0, 512, 'Comes back with the call.')),
        }),
      ),
    }),
  }),
  preview: (content) => `${content.body.text} [${content.action.parameters?.display_text ?? 'Call Now'}]`,
  example: {
    type: 'voice_call',
    body: { text: 'Questions about your delivery? Call us.' },
    action: {
      name: 'voice_call',
      parameters: { display_text: 'Call the shop', ttl_minutes: 1440, payload: 'order-12345' },
    },
  },
});
