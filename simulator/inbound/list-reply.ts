// The choice of a row in a list.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const ListReply = Type.Object(
  {
    type: Type.Literal('list_reply'),
    list_reply: Type.Object(
      { id: Type.String(), title: Type.String(), description: Type.Optional(Type.String()) },
      strict,
    ),
  },
  strict,
);

export const listReply = variant(ListReply, (asked) => ({
  type: 'interactive',
  body: {
    interactive: { type: 'list_reply', list_reply: pick(asked.list_reply, ['id', 'title', 'description']) },
  },
}));
