// A tap on a quick reply of a template. The one of a code, "I didn't request a code", names the code's message in
// `from_logical_id`.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const Button = Type.Object(
  {
    type: Type.Literal('button'),
    button: Type.Object({ text: Type.String(), payload: Type.Optional(Type.String()) }, strict),
    from_logical_id: Type.Optional(Type.String()),
  },
  strict,
);

export const button = variant(Button, (asked) => {
  const { text, payload = text } = asked.button;
  return { type: 'button', body: { button: { payload, text } }, after: pick(asked, ['from_logical_id']) };
});
