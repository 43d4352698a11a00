// Meta's webhook signature: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 with the app secret over the raw bytes.
import { equalTexts, hmacSha256 } from '../kernel/secrets.ts';

export function isSignedBy(
  appSecret: string,
  body: Uint8Array,
  header: string | string[] | undefined,
): boolean {
  const match = typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/.exec(header) : null;
  if (!match?.[1]) return false;
  return equalTexts(match[1], hmacSha256(appSecret, body));
}
