// What Meta cannot show a business: a poll, a message that disappears, … It says no more than that, and since November 2025 of
// what type it was.
import { Type } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { pick, strict, variant } from './variant.ts';

const Unsupported = Type.Object(
  {
    type: Type.Literal('unsupported'),
    unsupported: Type.Optional(Type.Object({ type: Type.String() }, strict)),
  },
  strict,
);

export const unsupported = variant(Unsupported, (asked, { toGroup }) => ({
  type: 'unsupported',
  body: pick(asked, ['unsupported']),
  errors: [toGroup ? OF_A_GROUP : UNKNOWN],
}));

const details = 'Message type is currently not supported.';

const UNKNOWN: JsonObject = {
  code: 131_051,
  title: 'Message type unknown',
  message: 'Message type unknown',
  error_data: { details },
};

const OF_A_GROUP: JsonObject = {
  code: 130_501,
  title: 'Unsupported message type',
  message: 'Message type is currently not supported',
  error_data: { details },
};
