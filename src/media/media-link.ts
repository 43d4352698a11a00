// Addresses of media that need no key: signed, and good for a while. They can be made before the bytes are here, because the id of what a
// customer sent is known with the message.
import type { Context } from '../context.ts';
import { equalTexts, hmacSha256 } from '../kernel/secrets.ts';
import type { MediaKey } from './media-files.ts';

const MAC_CHARACTERS = 40;

/** An address that works for `livesMs` from now; for as long as the operator chose, by itself. */
export function mediaUrl(ctx: Context, key: MediaKey, livesMs?: number): string {
  const lives = livesMs ?? ctx.config.mediaUrlMinutes * 60_000;
  const expires = String(Math.ceil((ctx.clock.now() + lives) / 1_000));
  const { organisationId, id } = key;
  return `${ctx.config.publicUrl}/media/${organisationId}/${id}?expires=${expires}&signature=${macOf(ctx, key, expires)}`;
}

/** How many ms an address is good for yet; undefined where it was never given out, or is not good any more. */
export function linkLeftMs(
  ctx: Context,
  key: MediaKey,
  { expires, signature }: { expires: string; signature: string },
): number | undefined {
  if (!/^\d{1,12}$/.test(expires) || !equalTexts(signature, macOf(ctx, key, expires))) return undefined;
  const leftMs = Number(expires) * 1_000 - ctx.clock.now();
  return leftMs > 0 ? leftMs : undefined;
}

function macOf(ctx: Context, { organisationId, id }: MediaKey, expires: string): string {
  const key = ctx.sealer.derive('media-link');
  return hmacSha256(key, `${organisationId}/${id}\n${expires}`).slice(0, MAC_CHARACTERS);
}
