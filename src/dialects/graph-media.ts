// Media in Meta's shape, for the dialects that speak it: upload, locate, delete. The address of a medium is one of ours and carries its own
// credential: it works with the caller's token, with none, and on any host.
import { KurirError } from '../kernel/errors.ts';
import { forget } from '../media/keep-upload.ts';
import { mediaUrl } from '../media/media-link.ts';
import { findOfMeta } from '../media/find-of-meta.ts';
import type { Medium } from '../media/media.ts';
import type { Answer, Call, Endpoint } from './dialect.ts';
import { uploadMedia } from './upload-media.ts';

export const postGraphMedia: Endpoint = {
  method: 'POST',
  path: '/:phone_number_id/media',
  summary: 'Upload a file to send, in Meta’s own shape.',
  budget: 'mount',
  body: 'form',
  handle: async (call) => ({ status: 200, body: { id: (await uploadMedia(call)).uploadId } }),
};

/** As long as Meta's own live; Kapso's `download_url` a minute less. */
const URL_MS = 300_000;
const DOWNLOAD_URL_MS = 240_000;

export const getGraphMedia = locating(describe);

/** Kapso's: with an address that needs no header, and the size as a text. */
export const getKapsoMedia = locating((call, metaId, medium) => ({
  ...describe(call, metaId, medium),
  file_size: String(medium.size),
  download_url: mediaUrl(call.rooms.ctx, medium, DOWNLOAD_URL_MS),
  download_url_expires_at: new Date(call.rooms.ctx.clock.now() + DOWNLOAD_URL_MS).toISOString(),
}));

export const deleteGraphMedia: Endpoint = {
  method: 'DELETE',
  path: '/:media_id',
  summary: 'Delete a file, here and at Meta.',
  budget: 'mount',
  async handle(call) {
    const { ctx, media, numbers, meta } = call.rooms;
    const { metaId, medium, phoneNumberId } = await requireMedium(call);
    const number = numbers.knownNumber(call.caller.organisationId, phoneNumberId);
    // What Meta has forgotten is as good as deleted; and it forgets the rest by itself.
    if (number)
      await meta.call({
        method: 'DELETE',
        accessToken: number.accessToken,
        path: encodeURIComponent(metaId),
      });
    await forget({ ctx, files: media.files }, medium);
    return { status: 200, body: { success: true } };
  },
};

function locating(render: (call: Call, metaId: string, medium: Medium) => object): Endpoint {
  return {
    method: 'GET',
    path: '/:media_id',
    summary: 'Tell what a file is, and where its bytes are, in Meta’s own shape.',
    budget: 'mount',
    async handle(call): Promise<Answer> {
      const { metaId, medium } = await requireMedium(call);
      if (medium.status === 'pending')
        throw new KurirError('service_unavailable', 'The medium is still being fetched: ask again.', {
          retryAfterMs: 2_000,
        });
      return { status: 200, body: render(call, metaId, medium) };
    },
  };
}

function describe(call: Call, metaId: string, medium: Medium): object {
  return {
    url: mediaUrl(call.rooms.ctx, medium, URL_MS),
    mime_type: medium.toldType ?? medium.mimeType,
    sha256: medium.sha256,
    file_size: medium.size,
    id: metaId,
    messaging_product: 'whatsapp',
  };
}

async function requireMedium(call: Call): Promise<{ metaId: string; medium: Medium; phoneNumberId: string }> {
  const { numbers, ctx } = call.rooms;
  const { organisationId } = call.caller;
  const metaId = call.params['media_id'] ?? '';
  const asked = call.query['phone_number_id'];
  const phoneNumberIds = numbers
    .connectedNumbers(organisationId)
    .map((number) => number.phoneNumberId)
    .filter((id) => asked === undefined || id === asked);
  const found = await findOfMeta(ctx, organisationId, { metaId, phoneNumberIds });
  if (!found || found.medium.status === 'failed')
    throw new KurirError('resource_not_found', 'There is no such medium in your organisation.');
  return { metaId, ...found };
}
