// Keeping a file that is to be sent: judged by Meta's rules while it flows, summed, its type found. The same file for the same number is kept
// once.
import { pipeline, type Readable } from 'node:stream';

import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { requireUploadable, requireUploadableSize } from '../meta/upload-rules.ts';
import { essenceOf } from './found-type.ts';
import { Measure } from './measured.ts';
import type { MediaFiles } from './media-files.ts';
import type { Medium } from './media.ts';
import { deleteMedium, endUpload, findSame, insertUpload } from './media-store.ts';

export interface GivenFile {
  organisationId: string;
  phoneNumberId: string;
  bytes: Readable;
  /** As the caller says. */
  toldType: string;
  filename: string | null;
}

/** What programs say that do not know the type of a file. */
const NO_TYPES = ['', 'application/octet-stream'];

/** Throws `invalid_field_value` with the reason, and keeps nothing then. */
export async function keepUpload(
  { ctx, files }: { ctx: Context; files: MediaFiles },
  file: GivenFile,
): Promise<{ medium: Medium; isNew: boolean }> {
  const { organisationId, bytes } = file;
  const told = NO_TYPES.includes(essenceOf(file.toldType)) ? null : essenceOf(file.toldType);
  if (told !== null) requireUploadable(told, 0);
  const key = { organisationId, id: newId('med', ctx.clock.now()) };
  const measure = new Measure({
    toldType: told,
    checkSize: (size) => (told === null ? requireUploadableSize(size) : requireUploadable(told, size)),
    checkWhole({ mimeType, size }) {
      if (size === 0) throw new KurirError('invalid_field_value', 'The file is empty.', { param: 'file' });
      requireUploadable(told ?? mimeType, size);
    },
  });
  await insertUpload(ctx.db, { ...file, ...key });
  try {
    pipeline(bytes, measure, () => undefined);
    await files.put(key, measure).finally(() => measure.destroy());
    const found = measure.measured;
    if (!found) throw new Error('The bytes were not read to their end.');
    const medium = await endUpload(ctx.db, key, { ...found, toldType: told ?? found.mimeType });
    const same = await findSame(ctx.db, medium);
    if (same) await forget({ ctx, files }, key);
    return { medium: same ?? medium, isNew: !same };
  } catch (error) {
    await forget({ ctx, files }, key).catch((cause: unknown) =>
      ctx.log.warn(
        { err: cause, mediaId: key.id },
        'what was kept of a file that broke off could not be deleted',
      ),
    );
    if (error instanceof KurirError) throw error;
    // The disk or the bucket, or the caller who hung up: then nobody hears it.
    throw new KurirError('service_unavailable', 'The file could not be kept: upload it again.', {
      retryAfterMs: 5_000,
      cause: error,
    });
  }
}

/** The bytes first: a row without bytes is found by whoever looks, bytes without a row by nobody. */
export async function forget(
  { ctx, files }: { ctx: Context; files: MediaFiles },
  key: { organisationId: string; id: string },
): Promise<void> {
  await files.delete(key);
  await deleteMedium(ctx.db, key);
}
