// Whether the business may call: the customer's word, or what their settings say for them.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const CallPermissionReply = Type.Object(
  {
    type: Type.Literal('call_permission_reply'),
    call_permission_reply: Type.Object(
      {
        response: Type.Union([Type.Literal('accept'), Type.Literal('reject')]),
        is_permanent: Type.Optional(Type.Boolean()),
        expiration_timestamp: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
        response_source: Type.Optional(Type.Union([Type.Literal('user_action'), Type.Literal('automatic')])),
      },
      strict,
    ),
  },
  strict,
);

const KEYS = ['response', 'is_permanent', 'expiration_timestamp', 'response_source'];

export const callPermissionReply = variant(CallPermissionReply, (asked) => {
  const given = { response_source: 'user_action', ...asked.call_permission_reply };
  return {
    type: 'interactive',
    body: { interactive: { type: 'call_permission_reply', call_permission_reply: pick(given, KEYS) } },
  };
});
