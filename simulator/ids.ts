// Ids in the forms that recorded traffic shows: wamids (base64 of a small Thrift struct that holds the phone number),
// trace ids, and the digit ids of media, templates and users.
import type { Random } from '../src/kernel/random.ts';

const HEX = '0123456789ABCDEF';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CHUNK = 5;

export interface WamidParts {
  /** Digits, or a business-scoped user id. */
  user: string;
  fromUser: boolean;
}

/** A new wamid: the business's stanza ids have 18 hex characters, an Android phone's 32. */
export function newWamid(parts: WamidParts, random: Random): string {
  const stanza = parts.fromUser ? `AC${hex(30, random)}` : hex(18, random);
  const kind = /^\d+$/.test(parts.user) ? '\x02' : '\x14';
  const struct =
    `\x1c\x18${String.fromCharCode(parts.user.length)}${parts.user}\x15${kind}\x00` +
    `${parts.fromUser ? '\x12' : '\x11'}\x18${String.fromCharCode(stanza.length)}${stanza}\x00`;
  return `wamid.${Buffer.from(struct, 'latin1').toString('base64')}`;
}

/** Whether the text could be a wamid at all. */
export function isWamid(text: string): boolean {
  return /^wamid\.[A-Za-z0-9+/]{20,}={0,2}$/.test(text);
}

/** As in `fbtrace_id` and `x-fb-request-id`: 23 characters that start with A. */
export function newTraceId(random: Random): string {
  return `A${chars(22, random)}`;
}

/** As in `x-fb-trace-id`. */
export function newShortTrace(random: Random): string {
  return chars(11, random);
}

export function digits(count: number, random: Random): string {
  let out = String(1 + Math.floor(random() * 9));
  while (out.length < count) out += Math.floor(random() * 10);
  return out;
}

function hex(count: number, random: Random): string {
  let out = '';
  while (out.length < count) {
    let bits = Math.floor(random() * 2 ** 24);
    for (let i = 0; i < 6; i++, bits >>>= 4) out += HEX.charAt(bits & 15);
  }
  return out.slice(0, count);
}

function chars(count: number, random: Random): string {
  let out = '';
  while (out.length < count) {
    let bits = Math.floor(random() * 2 ** 30);
    for (let i = 0; i < CHUNK; i++, bits >>>= 6) out += BASE64URL.charAt(bits & 63);
  }
  return out.slice(0, count);
}
