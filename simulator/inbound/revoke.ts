// A customer takes a message back: the one named, or their latest.
import { Type } from 'typebox';
import { strict, variant } from './variant.ts';

const Revoke = Type.Object(
  {
    type: Type.Literal('revoke'),
    revoke: Type.Optional(Type.Object({ original_message_id: Type.Optional(Type.String()) }, strict)),
  },
  strict,
);

export const revoke = variant(Revoke, ({ revoke: given }, writer) => ({
  type: 'revoke',
  body: { revoke: { original_message_id: writer.original(given?.original_message_id) } },
}));
