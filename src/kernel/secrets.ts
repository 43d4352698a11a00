// Sealing: AES-256-GCM under a key that is derived from KURIR_SECRET, bound to the place where the secret is kept, so that
// a sealed value moved to another row does not open. Layout: version, key id, nonce, tag, text.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

const VERSION = 1;

export interface Sealer {
  seal(plain: string, place: string): Buffer;
  open(sealed: Uint8Array, place: string): string;
  /** A key for another purpose, from the same secret. */
  derive(purpose: string): Buffer;
}

/** @param secrets the present secret first, then earlier ones that may still open what they sealed */
export function createSealer(secrets: readonly [string, ...string[]]): Sealer {
  const [secret, ...earlier] = secrets;
  const present = { id: keyId(secret), key: derived(secret, 'seal') };
  const keys = [present, ...earlier.map((one) => ({ id: keyId(one), key: derived(one, 'seal') }))];
  return {
    seal(plain, place) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', present.key, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), present.id, nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, place) {
      const box = Buffer.from(sealed);
      const key = keys.find((one) => one.id.equals(box.subarray(1, 5)));
      if (box[0] !== VERSION || !key)
        throw new Error('A secret was sealed under another KURIR_SECRET; start with that one.');
      const cipher = createDecipheriv('aes-256-gcm', key.key, box.subarray(5, 17)).setAAD(Buffer.from(place));
      cipher.setAuthTag(box.subarray(17, 33));
      return Buffer.concat([cipher.update(box.subarray(33)), cipher.final()]).toString('utf8');
    },
    derive: (purpose) => derived(secret, purpose),
  };
}

/** Whether two secrets are equal, in a time that tells nothing about where they differ. */
export function equalSecrets(one: string | Uint8Array, other: string | Uint8Array): boolean {
  return timingSafeEqual(
    createHash('sha256').update(one).digest(),
    createHash('sha256').update(other).digest(),
  );
}

/** The same for texts whose length is no secret, such as a MAC beside the one it should be: a sixtieth of the time. */
export function equalTexts(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** In hex: Node makes a text of a MAC in two thirds of the time of a Buffer. */
export function hmacSha256(key: string | Uint8Array, content: string | Uint8Array): string {
  return createHmac('sha256', typeof key === 'string' ? key : keyObjectOf(key))
    .update(content)
    .digest('hex');
}

// With the bytes themselves createHmac takes four times as long (Node 24).
const keyObjects = new WeakMap<Uint8Array, KeyObject>();

function keyObjectOf(key: Uint8Array): KeyObject {
  const known = keyObjects.get(key) ?? createSecretKey(key);
  keyObjects.set(key, known);
  return known;
}

function derived(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'kurir', purpose, 32));
}

function keyId(secret: string): Buffer {
  return derived(secret, 'key-id').subarray(0, 4);
}
