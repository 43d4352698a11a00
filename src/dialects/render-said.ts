// What a message written outside of Kurir says, as our own dialects show it: extras keyed by its type. Meta's shape is open: what has
// another form than we know, or a type that we do not know, is shown as Meta told it.
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';

/** Of whatever stands beside what the message says. */
const BESIDE = ['context', 'referral', 'identity', 'origin', 'from_logical_id', 'errors'];

const BY_TYPE: Record<string, (said: Json) => JsonObject> = {
  text: (said) => (isObject(said) && said['body'] !== undefined ? { content: said['body'] } : { text: said }),
  image: (said) => media('image', said),
  video: (said) => media('video', said),
  audio: (said) => media('audio', said),
  document: (said) => media('document', said),
  sticker: (said) => media('sticker', said),
  contacts: (said) => ({ contacts: Array.isArray(said) ? said.map(contact) : said }),
  interactive: (said) => ({ interactive: interactive(said) }),
  reaction: (said) => ({ reaction: reaction(said) }),
};

/** The members that a message has besides those of every message. */
export function renderSaid(type: string, body: JsonObject): JsonObject {
  const said = memberOf(body, type);
  const render = memberOf(BY_TYPE, type);
  return {
    ...(said === undefined ? {} : (render?.(said) ?? { [type]: said })),
    ...Object.fromEntries(BESIDE.flatMap((key) => entryOf(body, key))),
  };
}

/** What a message sent through Kurir says: as it was sent. */
export function renderSentBody(type: string, body: JsonObject): JsonObject {
  const content = body[type];
  if (content === undefined) return {};
  return type === 'text' && isObject(content) && content['body'] !== undefined
    ? { content: content['body'], text: content }
    : { [type]: content };
}

/** What a message says after an edit. */
export function renderEdited(edit: JsonObject): JsonObject {
  const message = isObject(edit['message']) ? edit['message'] : {};
  const type = message['type'];
  return typeof type === 'string' ? { type, ...renderSaid(type, message) } : message;
}

// Meta's own address of a file asks for Meta's token, and ends in five minutes: what can be fetched has one of ours.
function media(type: string, said: Json): JsonObject {
  if (!isObject(said)) return { [type]: said };
  const { url: _metas, ...file } = said;
  return {
    ...Object.fromEntries(['mime_type', 'caption', 'filename'].flatMap((key) => entryOf(said, key))),
    [type]: file,
  };
}

function contact(said: Json): Json {
  if (!isObject(said)) return said;
  const { name, phones, ...rest } = said;
  const formatted = isObject(name) ? name['formatted_name'] : name;
  const first = Array.isArray(phones) ? phones.find(isObject) : undefined;
  return {
    ...(formatted === undefined ? {} : { name: formatted }),
    ...(first?.['phone'] === undefined ? {} : { phone: first['phone'] }),
    ...(first?.['wa_id'] === undefined ? {} : { wa_id: first['wa_id'] }),
    ...rest,
    ...(phones === undefined ? {} : { phones }),
  };
}

// { type: 'button_reply', button_reply: { id, title } } is said flat; so is every other kind of reply.
function interactive(said: Json): Json {
  const kind = isObject(said) ? said['type'] : undefined;
  const reply = isObject(said) && typeof kind === 'string' ? memberOf(said, kind) : undefined;
  return isObject(reply) && kind !== undefined ? { type: kind, ...without(reply, 'type') } : said;
}

// Meta leaves the emoji out of a reaction that was taken back; it was an empty one before.
function reaction(said: Json): Json {
  if (!isObject(said) || said['message_id'] === undefined) return said;
  const { message_id, emoji, ...rest } = said;
  return { target_message_id: message_id, emoji: emoji ?? '', ...rest };
}

// What comes from outside may be called like what every object inherits.
function memberOf<Member>(record: Record<string, Member>, key: string): Member | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function entryOf(record: JsonObject, key: string): [string, Json][] {
  const member = memberOf(record, key);
  return member === undefined ? [] : [[key, member]];
}

function without(record: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
