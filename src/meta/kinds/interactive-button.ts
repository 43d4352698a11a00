// Up to three buttons to answer with. One dialect calls this kind reply_buttons.
import { Type } from 'typebox';
import {
  anyHeader,
  body,
  footer,
  headerFaults,
  headerMedia,
  interactive,
  repeatFaults,
} from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

const replyButton = exactly({
  type: Type.Literal('reply'),
  reply: exactly({
    id: characters(1, 256, 'Comes back when the button is tapped.'),
    title: characters(1, 20, 'The button’s label.'),
  }),
});

export const interactiveButton = defineKind({
  type: 'interactive',
  schema: interactive('button', {
    header: Type.Optional(anyHeader),
    body,
    footer: Type.Optional(footer),
    action: exactly({ buttons: Type.Array(replyButton, { minItems: 1, maxItems: 3 }) }),
  }),
  *faults({ header, action }, fields) {
    yield* headerFaults(header, 'interactive.header', fields);
    const at = (i: number, field: string) => `interactive.action.buttons[${i}].reply.${field}`;
    yield* repeatFaults(action.buttons.map((one, i) => [at(i, 'id'), one.reply.id]));
    yield* repeatFaults(action.buttons.map((one, i) => [at(i, 'title'), one.reply.title]));
  },
  mediaIn: ({ header }) => headerMedia(header, 'interactive.header'),
  preview: (content) =>
    `${content.body.text} [${content.action.buttons.map((one) => one.reply.title).join('] [')}]`,
  example: {
    type: 'button',
    header: { type: 'image', image: { link: 'https://cdn.example.com/table.jpg' } },
    body: { text: 'Your table for two at 19:00 tomorrow: shall we keep it?' },
    footer: { text: 'Please answer by noon' },
    action: {
      buttons: [
        { type: 'reply', reply: { id: 'keep', title: 'Keep it' } },
        { type: 'reply', reply: { id: 'cancel', title: 'Cancel' } },
      ],
    },
  },
});
