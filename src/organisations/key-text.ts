// The text of an API key: `kur_live_`, 30 random base62 characters (178 bits) and 6 of a CRC32 over all before them, so that
// a mistyped or made-up key is refused without a look-up, and scanners of leaked secrets know a real one. The last 4
// characters, which are shown, tell of the random part no more than the checksum does.
import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'kur_live_';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);

export function newKeyText(): string {
  const body = PREFIX + randomBase62(RANDOM_LENGTH);
  return body + checksum(body);
}

/** Whether a text has the form of a key and the checksum that belongs to it. */
export function isKeyText(text: string): boolean {
  return FORM.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/**
 * What is stored and looked up instead of the key, in hex. A plain SHA-256 is enough for a secret of this many bits, and
 * unlike one with a pepper it outlives a change of KURIR_SECRET.
 */
export function hashOfKey(text: string): string {
  return hash('sha256', text, 'hex');
}

// Bytes from 248 on are dropped: 256 is not a multiple of 62, and the first characters would come more often.
function randomBase62(length: number): string {
  let out = '';
  while (out.length < length) {
    for (const byte of randomBytes(length)) if (byte < 248) out += ALPHABET.charAt(byte % 62);
  }
  return out.slice(0, length);
}

function checksum(body: string): string {
  let rest = crc32(body);
  let out = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    out = ALPHABET.charAt(rest % 62) + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}
