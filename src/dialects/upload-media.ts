// An upload, whatever the dialect: read, judged, kept, and uploaded to Meta.
import { KurirError } from '../kernel/errors.ts';
import { forget, keepUpload } from '../media/keep-upload.ts';
import type { Medium } from '../media/media.ts';
import { requireNumber, type Call } from './dialect.ts';
import { readUpload } from './read-upload.ts';

export async function uploadMedia(call: Call): Promise<{ medium: Medium; uploadId: string }> {
  const number = await requireNumber(call);
  const { ctx, media } = call.rooms;
  const parts = { ctx, files: media.files };
  if (media.isFull())
    throw new KurirError(
      'service_unavailable',
      'The disk is nearly full: nothing was kept. Upload it again later.',
      {
        retryAfterMs: 30_000,
      },
    );
  const { organisationId, phoneNumberId } = number;
  const { kept, fields } = await readUpload(call, ({ bytes, type, filename }) =>
    keepUpload(parts, { organisationId, phoneNumberId, bytes, toldType: type, filename }),
  );
  const { medium, isNew } = kept;
  try {
    // Meta takes it in the form or in the query.
    const product = fields.get('messaging_product') ?? call.query['messaging_product'];
    if (product?.toLowerCase() !== 'whatsapp')
      throw new KurirError('missing_required_field', 'The parameter messaging_product is required.', {
        param: 'messaging_product',
      });
    return { medium, uploadId: await media.uploads.uploadOf(number, medium) };
  } catch (error) {
    if (isNew) await forget(parts, medium);
    throw error;
  }
}
