// A customer's reaction; taking one back leaves the `emoji` key out, as captures show.
import { partOf, textAt, type Variant } from './variant.ts';

export const reaction: Variant = (given) => {
  const part = partOf(given, 'reaction');
  const message_id = textAt(part, 'message_id', 'reaction');
  const { emoji } = part;
  return {
    type: 'reaction',
    body: { reaction: typeof emoji === 'string' && emoji !== '' ? { message_id, emoji } : { message_id } },
  };
};
