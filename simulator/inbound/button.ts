// A tap on a quick reply of a template.
import { partOf, textAt, type Variant } from './variant.ts';

export const button: Variant = (given) => {
  const part = partOf(given, 'button');
  const text = textAt(part, 'text', 'button');
  const payload = typeof part['payload'] === 'string' ? part['payload'] : text;
  return { type: 'button', body: { button: { payload, text } } };
};
