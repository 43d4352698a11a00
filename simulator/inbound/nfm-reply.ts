// A flow that was filled in, or an address: what was answered comes as JSON in a string. An object is written as one.
import { Type } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { strict, variant } from './variant.ts';

const NfmReply = Type.Object(
  {
    type: Type.Literal('nfm_reply'),
    nfm_reply: Type.Object(
      {
        name: Type.Optional(Type.Union([Type.Literal('flow'), Type.Literal('address_message')])),
        body: Type.Optional(Type.String()),
        response_json: Type.Union([Type.String(), Type.Unsafe<JsonObject>(Type.Object({}))]),
      },
      strict,
    ),
  },
  strict,
);

export const nfmReply = variant(NfmReply, ({ nfm_reply: given }) => {
  const { name = 'flow', body = 'Sent', response_json: answered } = given;
  const response_json = typeof answered === 'string' ? answered : JSON.stringify(answered);
  return {
    type: 'interactive',
    body: { interactive: { type: 'nfm_reply', nfm_reply: { name, body, response_json } } },
  };
});
