// A medium whose bytes are here, or a refusal that says why they are not.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { MediaKey } from './media-files.ts';
import type { Medium } from './media.ts';
import { findMedia } from './media-store.ts';

const ASK_AGAIN_MS = 2_000;

/** Throws `resource_not_found`. */
export async function requireReady(
  ctx: Context,
  { organisationId, id }: MediaKey,
): Promise<Medium & { size: number }> {
  const [medium] = await findMedia(ctx.db.reading, organisationId, [id]);
  if (!medium)
    throw new KurirError('resource_not_found', 'There is no such medium, or it is not kept any more.');
  if (medium.status === 'pending')
    throw new KurirError('resource_not_found', 'The medium is still being fetched: ask again soon.', {
      retryAfterMs: ASK_AGAIN_MS,
    });
  if (medium.status === 'failed' || medium.size === null)
    throw new KurirError('resource_not_found', 'The medium could not be fetched from Meta.');
  return { ...medium, size: medium.size };
}
