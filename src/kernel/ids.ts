// Public ids: `<prefix>_` and 26 characters of Crockford base32 (48 bits of time, 80 random bits), so that ids of one
// prefix sort by the moment they were made in. The prefix is part of the type: ids of two sorts cannot be swapped.
import { createHash, randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export type Id<Prefix extends string> = `${Prefix}_${string}`;
export type MessageId = Id<'msg'>;
export type OrganisationId = Id<'org'>;
export type AppId = Id<'app'>;
export type KeyId = Id<'key'>;
export type RequestId = Id<'req'>;
export type EventId = Id<'evt'>;
export type DeliveryId = Id<'wbd'>;
export type SubscriptionId = Id<'wbs'>;
export type SecretId = Id<'sec'>;
export type ConversationId = Id<'cnv'>;
export type ContactId = Id<'ctc'>;
export type MediaId = Id<'med'>;
export type LabelId = Id<'lbl'>;

/** A new id of the given prefix for the given moment (ms since the epoch). */
export function newId<Prefix extends string>(prefix: Prefix, now: number): Id<Prefix> {
  return idOf(prefix, now, tenBytes());
}

// Asked for by the thousand: one call for many ids costs a twentieth.
const pool = Buffer.alloc(10 * 512);
let used = pool.length;

function tenBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += 10));
}

/** The id of a moment and 10 given bytes: the same bytes always give the same id. */
export function idOf<Prefix extends string>(prefix: Prefix, now: number, bytes: Uint8Array): Id<Prefix> {
  return `${prefix}_${time(now)}${text(bytes)}`;
}

/** The id of a text, for what must be named before it is written: the same text always gives the same id. Not in the order of time. */
export function hashedId<Prefix extends string>(prefix: Prefix, content: string): Id<Prefix> {
  const digest = createHash('sha256').update(content).digest();
  return idOf(prefix, digest.readUIntBE(10, 6), digest);
}

/** Whether a string of the outside has the form of an id with this prefix. */
export function isId<Prefix extends string>(prefix: Prefix, value: string): value is Id<Prefix> {
  return (
    value.length === prefix.length + 27 &&
    value.startsWith(`${prefix}_`) &&
    /^[0-9A-HJKMNP-TV-Z]{26}$/.test(value.slice(-26))
  );
}

/** The moment that an id was made for (ms since the epoch); of a hashed one, any. */
export function momentOf(id: string): number {
  return numberOf(id.slice(-26, -16));
}

/** The least id that a moment can have: all that were made earlier come before it. */
export function leastId<Prefix extends string>(prefix: Prefix, now: number): Id<Prefix> {
  return idOf(prefix, now, new Uint8Array(10));
}

/** The same id as a UUID (version 8), for dialects whose ids are such. Six of its 128 bits make room for those that every UUID has. */
export function uuidOf(id: string): string {
  const body = id.slice(-26);
  const parts = [10, 14, 18, 22].map((at) =>
    numberOf(body.slice(at, at + 4))
      .toString(16)
      .padStart(5, '0'),
  );
  const hex = numberOf(body.slice(0, 10)).toString(16).padStart(12, '0') + parts.join('');
  const variant = ((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20),
  ].join('-');
}

function numberOf(characters: string): number {
  let value = 0;
  for (const one of characters) value = value * 32 + ALPHABET.indexOf(one);
  return value;
}

// The moment of one id is mostly that of the next.
let latest = { now: -1, text: '' };

function time(now: number): string {
  if (latest.now === now) return latest.text;
  let rest = now;
  let out = '';
  for (let i = 0; i < 10; i++) {
    out = ALPHABET.charAt(rest % 32) + out;
    rest = Math.floor(rest / 32);
  }
  latest = { now, text: out };
  return out;
}

const PAIRS = Array.from({ length: 1024 }, (_, i) => ALPHABET.charAt(i >> 5) + ALPHABET.charAt(i & 31));

function text(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < 10; i += 5) {
    const high = ((bytes[i] ?? 0) << 12) | ((bytes[i + 1] ?? 0) << 4) | ((bytes[i + 2] ?? 0) >> 4);
    const low = (((bytes[i + 2] ?? 0) & 15) << 16) | ((bytes[i + 3] ?? 0) << 8) | (bytes[i + 4] ?? 0);
    out += `${PAIRS[high >> 10]}${PAIRS[high & 1023]}${PAIRS[low >> 10]}${PAIRS[low & 1023]}`;
  }
  return out;
}
