// A tap on a reply button, or the choice of a row in a list.
import { partOf, pick, textAt, type Variant } from './variant.ts';

export function interactiveReply(sort: 'button_reply' | 'list_reply'): Variant {
  return (given) => {
    const part = partOf(given, sort);
    const reply = { id: textAt(part, 'id', sort), title: textAt(part, 'title', sort) };
    const more = sort === 'list_reply' ? pick(part, ['description']) : {};
    return { type: 'interactive', body: { interactive: { type: sort, [sort]: { ...reply, ...more } } } };
  };
}
