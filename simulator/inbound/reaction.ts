// A customer's reaction; taking one back leaves the `emoji` key out, as captures show. Older traffic has it empty: `""`.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const Reaction = Type.Object(
  {
    type: Type.Literal('reaction'),
    reaction: Type.Object({ message_id: Type.String(), emoji: Type.Optional(Type.String()) }, strict),
  },
  strict,
);

export const reaction = variant(Reaction, (asked) => ({
  type: 'reaction',
  body: { reaction: pick(asked.reaction, ['message_id', 'emoji']) },
}));
