// Who writes in the golden webhooks, to which number, and what stands around their messages.
import type { JsonObject } from '../../../src/kernel/json.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID } from '../../support/house.ts';

/** With a phone and a user id, as nearly everybody. */
export const ANI = { phone: '628111222333', userId: 'ID.1047293847561029', name: 'Ani Wijaya' };
/** With a username, and no phone that we are told. */
export const BUDI = { userId: 'ID.2059384756102938', parentUserId: 'ID.ENT.77120045', name: 'Budi' };
/** With a phone alone, as before there were user ids. */
export const JORG = { phone: '4917612345678', name: 'Jörg Müller ☕' };

export const GROUP_ID = 'Y2FwaV9ncm91cDoxMjAzNjMwNDQ3';
export const SECONDS = 1_780_000_000;

export const METADATA = { display_phone_number: BUSINESS_PHONE, phone_number_id: PHONE_NUMBER_ID };
const AROUND: JsonObject = { messaging_product: 'whatsapp', metadata: METADATA };

/** The same name, the same id. */
export function wamid(name: string): string {
  return `wamid.${Buffer.from(`golden ${name}`).toString('base64')}`;
}

/** The value of a field of the class of messages. */
export function around(value: JsonObject): JsonObject {
  return { ...AROUND, ...value };
}

export function fromAni(name: string, message: JsonObject): JsonObject {
  const { phone, userId } = ANI;
  return around({
    contacts: [{ profile: { name: ANI.name }, wa_id: phone, user_id: userId }],
    messages: [{ from: phone, from_user_id: userId, ...stamped(name), ...message }],
  });
}

export function fromBudi(name: string, message: JsonObject): JsonObject {
  const ids = { from_user_id: BUDI.userId, from_parent_user_id: BUDI.parentUserId };
  return around({
    contacts: [
      {
        profile: { name: BUDI.name, username: '@budi.santoso' },
        user_id: BUDI.userId,
        parent_user_id: BUDI.parentUserId,
      },
    ],
    messages: [{ ...ids, ...stamped(name), ...message }],
  });
}

export function fromJorg(name: string, message: JsonObject): JsonObject {
  return around({
    contacts: [{ profile: { name: JORG.name }, wa_id: JORG.phone }],
    messages: [{ from: JORG.phone, ...stamped(name), ...message }],
  });
}

/** What has no contacts beside it. */
export function fromAniAlone(name: string, message: JsonObject): JsonObject {
  const { messages = [] } = fromAni(name, message);
  return around({ messages });
}

function stamped(name: string): JsonObject {
  return { id: wamid(name), timestamp: String(SECONDS) };
}
