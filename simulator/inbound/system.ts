// What WhatsApp itself tells of a customer: a new phone number, a new user id, a new device. The first two become so here: the
// new number bears the customer's name, and the user id is the new one from then on.
import { Type, type Static } from 'typebox';
import { seconds } from '../updates.ts';
import { pick, strict, variant, type Writer, type Written } from './variant.ts';

const body = Type.Optional(Type.String());
const UserId = Type.String({ pattern: '^[A-Z]{2}\\.[A-Za-z0-9.]{1,132}$' });

const ChangedNumber = Type.Object(
  {
    type: Type.Literal('user_changed_number'),
    wa_id: Type.String({ pattern: '^[0-9]{7,15}$', description: 'The new number.' }),
    user_id: Type.Optional(UserId),
    parent_user_id: Type.Optional(UserId),
    body,
  },
  strict,
);
const ChangedUserId = Type.Object(
  {
    type: Type.Literal('user_changed_user_id'),
    user_id: UserId,
    previous_user_id: Type.Optional(UserId),
    body,
  },
  strict,
);
const ChangedIdentity = Type.Object({ type: Type.Literal('customer_identity_changed'), body }, strict);

const Identity = Type.Object(
  {
    acknowledged: Type.Optional(Type.Boolean()),
    created_timestamp: Type.Optional(Type.String()),
    hash: Type.Optional(Type.String()),
  },
  strict,
);

const System = Type.Object(
  {
    type: Type.Literal('system'),
    system: Type.Union([ChangedNumber, ChangedUserId, ChangedIdentity]),
    identity: Type.Optional(Identity),
  },
  strict,
);

export const system = variant(System, ({ system: given, identity }, writer) => {
  switch (given.type) {
    case 'user_changed_number':
      return changedNumber(given, writer);
    case 'user_changed_user_id':
      return changedUserId(given, writer);
    case 'customer_identity_changed':
      return changedIdentity(given, writer, identity);
  }
});

function changedNumber(given: Static<typeof ChangedNumber>, { phone }: Writer): Written {
  const sentence = `User ${phone.name} changed from ${phone.phone} to ${given.wa_id}`;
  const { wa_id, user_id, parent_user_id } = given;
  return {
    type: 'system',
    body: {
      system: pick({ body: sentence, ...given }, ['body', 'wa_id', 'user_id', 'parent_user_id', 'type']),
    },
    becomes: {
      phone: wa_id,
      change: {
        name: phone.name,
        ...(user_id === undefined ? {} : { userId: user_id }),
        ...(parent_user_id === undefined ? {} : { parentUserId: parent_user_id }),
      },
    },
  };
}

function changedUserId(given: Static<typeof ChangedUserId>, { phone }: Writer): Written {
  const known = { body: `User ${phone.name} changed their user id`, previous_user_id: phone.userId };
  return {
    type: 'system',
    body: { system: pick({ ...known, ...given }, ['body', 'previous_user_id', 'user_id', 'type']) },
    becomes: { phone: phone.phone, change: { userId: given.user_id } },
  };
}

function changedIdentity(
  given: Static<typeof ChangedIdentity>,
  { phone, at }: Writer,
  identity: Static<typeof Identity> = {},
): Written {
  const known = { acknowledged: true, created_timestamp: seconds(at), hash: 'DF2lS5v2W6x=' };
  const sentence = `User ${phone.name} changed their device`;
  return {
    type: 'system',
    body: { system: pick({ body: sentence, ...given }, ['body', 'type']) },
    after: { identity: { ...known, ...identity } },
  };
}
