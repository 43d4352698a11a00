// Who wrote: what a message and the `contacts` beside it say of its sender. A phone, a business-scoped user id, or both; a customer with a
// username may have no phone that we are told.
import { isObject, type JsonObject } from '../kernel/json.ts';
import { objects, text } from '../meta/webhook-envelope.ts';
import type { Sender } from './keep-store.ts';

/** By phone and by user id. */
export type NamesOfContacts = ReadonlyMap<string, Sender>;

/** What the index of conversations can hold, and far more than Meta's ids have. */
export const KEY_CHARACTERS_MAX = 300;

const NOBODY: Sender = { phone: null, userId: null, parentUserId: null, username: null, profileName: null };

export function namesOfContacts(value: JsonObject): NamesOfContacts {
  const people = new Map<string, Sender>();
  for (const contact of objects(value['contacts'])) {
    const profile = isObject(contact['profile']) ? contact['profile'] : {};
    const names = {
      phone: keyOf(contact['wa_id']),
      userId: keyOf(contact['user_id']),
      parentUserId: keyOf(contact['parent_user_id']),
      username: text(profile['username'])?.replace(/^@/, '').slice(0, 200) ?? null,
      profileName: text(profile['name'])?.slice(0, 500) ?? null,
    };
    for (const id of [names.phone, names.userId]) if (id !== null) people.set(id, names);
  }
  return people;
}

/** Null where nobody is named. */
export function senderOf(message: JsonObject, people: NamesOfContacts): Sender | null {
  const phone = keyOf(message['from']);
  const userId = keyOf(message['from_user_id']);
  const beside = people.get(phone ?? '') ?? people.get(userId ?? '') ?? NOBODY;
  const names: Sender = {
    ...beside,
    phone: phone ?? beside.phone,
    userId: userId ?? beside.userId,
    parentUserId: keyOf(message['from_parent_user_id']) ?? beside.parentUserId,
  };
  const sender = renamed(names, message['system']);
  return sender.phone === null && sender.userId === null ? null : sender;
}

// "user_changed_number", "user_changed_user_id": from now on the customer goes by another name.
function renamed(names: Sender, system: JsonObject[string] | undefined): Sender {
  const type = isObject(system) ? system['type'] : undefined;
  if (!isObject(system) || (type !== 'user_changed_number' && type !== 'user_changed_user_id')) return names;
  const previous = type === 'user_changed_user_id' ? keyOf(system['previous_user_id']) : null;
  const before = { phone: names.phone, userId: previous ?? names.userId };
  const next = {
    ...names,
    phone: (type === 'user_changed_number' ? keyOf(system['wa_id']) : null) ?? names.phone,
    userId: keyOf(system['user_id']) ?? names.userId,
    parentUserId: keyOf(system['parent_user_id']) ?? names.parentUserId,
  };
  return before.phone === null && before.userId === null ? next : { ...next, before };
}

function keyOf(value: JsonObject[string] | undefined): string | null {
  const key = text(value);
  return key === undefined || key.length > KEY_CHARACTERS_MAX ? null : key;
}
