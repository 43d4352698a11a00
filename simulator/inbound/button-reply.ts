// A tap on a reply button.
import { Type } from 'typebox';
import { strict, variant } from './variant.ts';

const ButtonReply = Type.Object(
  {
    type: Type.Literal('button_reply'),
    button_reply: Type.Object({ id: Type.String(), title: Type.String() }, strict),
  },
  strict,
);

export const buttonReply = variant(ButtonReply, ({ button_reply: { id, title } }) => ({
  type: 'interactive',
  body: { interactive: { type: 'button_reply', button_reply: { id, title } } },
}));
