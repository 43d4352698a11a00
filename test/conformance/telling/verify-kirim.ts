// Kirim's signature, verified from the contract alone: `t=…,v1=…[,v1=…]`, HMAC-SHA256 of `{t}.{body}` under the whole secret, no older
// than 300 s.
import { createHmac, timingSafeEqual } from 'node:crypto';

export function isKirims(body: string, header: string, secret: string): boolean {
  const parts = header.split(',').map((part) => part.split('='));
  const t = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!(Math.abs(Date.now() / 1_000 - Number(t)) <= 300)) return false;
  const right = createHmac('sha256', secret).update(`${t}.`).update(Buffer.from(body)).digest();
  return parts
    .filter(([name]) => name === 'v1')
    .some(([, hex = '']) => hex.length === 64 && timingSafeEqual(Buffer.from(hex, 'hex'), right));
}
