// What a message says, in one text: the words of a person, a caption, the title of what was chosen. For lists, searches and programs
// that only want to read.
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';

/** Null where there are no words: a sticker, a call that was permitted, a type that Kurir does not know. */
export function messageText(message: JsonObject): string | null {
  const type = message['type'];
  if (typeof type !== 'string') return null;
  const content = message[type];
  if (type === 'contacts') return contactNames(content);
  if (!isObject(content)) return null;
  switch (type) {
    case 'interactive':
      return interactiveText(content);
    case 'location':
      return words(content['name']) ?? words(content['address']) ?? coordinates(content);
    case 'edit':
      return isObject(content['message']) ? messageText(content['message']) : null;
    case 'document':
      return words(content['caption']) ?? words(content['filename']);
    case 'reaction':
      return words(content['emoji']);
    case 'template':
      return words(content['name']);
    default:
      // text and system say `body`, media `caption`, buttons and orders `text`.
      return words(content['body']) ?? words(content['caption']) ?? words(content['text']);
  }
}

function interactiveText(interactive: JsonObject): string | null {
  const body = interactive['body'];
  if (isObject(body)) return words(body['text']);
  const reply = interactive[words(interactive['type']) ?? ''];
  return isObject(reply) ? (words(reply['title']) ?? words(reply['body'])) : null;
}

function coordinates(location: JsonObject): string | null {
  const { latitude, longitude } = location;
  return typeof latitude === 'number' && typeof longitude === 'number' ? `${latitude}, ${longitude}` : null;
}

function contactNames(contacts: Json | undefined): string | null {
  if (!Array.isArray(contacts)) return null;
  const names = contacts.flatMap((contact) => {
    const name =
      isObject(contact) && isObject(contact['name']) ? words(contact['name']['formatted_name']) : null;
    return name === null ? [] : [name];
  });
  return words(names.join(', '));
}

function words(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
