// A medium by the id that Meta gave it, for those who speak Meta's shape.
import type { Context } from '../context.ts';
import type { Medium } from './media.ts';
import { findByMetaId } from './media-store.ts';

export function findOfMeta(
  ctx: Context,
  organisationId: string,
  find: { metaId: string; phoneNumberIds: readonly string[] },
): Promise<{ medium: Medium; phoneNumberId: string } | undefined> {
  return findByMetaId(ctx.db.reading, organisationId, find);
}
