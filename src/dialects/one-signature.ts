// The signature of a dialect whose receivers look for a single one. While a secret is replaced two are in force: the older one goes on
// signing until its end, so that a receiver has the whole overlap to learn the newer; with the newer at once, every delivery would be
// refused from the moment of the rotation, and a refusal is not tried again.
import { hmacSha256 } from '../kernel/secrets.ts';
import type { Signing } from '../webhooks/telling.ts';

/** HMAC-SHA256 of the body in hex; the key is the secret as it was issued, `whsec_` and all. */
export function oneSignature({ body, secrets }: Signing): string {
  const oldest = secrets.at(-1);
  if (oldest === undefined) throw new Error('A delivery cannot be signed without a secret.');
  return hmacSha256(oldest, body);
}
