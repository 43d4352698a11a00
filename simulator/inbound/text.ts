// A customer's text: `{ "text": "Halo" }` or Meta's own `{ "text": { "body": "Halo" } }`.
import { partOf, textAt, type Variant } from './variant.ts';

export const text: Variant = (given) => {
  const body =
    typeof given['text'] === 'string' ? given['text'] : textAt(partOf(given, 'text'), 'body', 'text');
  return { type: 'text', body: { text: { body } } };
};
