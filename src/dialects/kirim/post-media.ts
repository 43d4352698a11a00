// POST /v1/{phone_number_id}/media: uploads a file; the id that is answered may stand in a send for as long as the file is kept.
import type { Endpoint } from '../dialect.ts';
import { uploadMedia } from '../upload-media.ts';

export const postMedia: Endpoint = {
  method: 'POST',
  path: '/:phone_number_id/media',
  summary: 'Upload a file to send.',
  budget: 'mount',
  body: 'form',
  async handle(call) {
    const { medium, uploadId } = await uploadMedia(call);
    const data = {
      id: medium.id,
      object: 'media',
      phone_number_id: medium.phoneNumberId,
      meta_media_id: uploadId,
      mime_type: medium.toldType,
      file_size: medium.size,
      sha256: medium.sha256,
      filename: medium.filename,
      created_at: medium.createdAt.toISOString(),
    };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};
