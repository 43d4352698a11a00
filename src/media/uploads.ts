// Uploads to Meta: a medium that a number is to send must lie with Meta, uploaded by that number within the last thirty days. What is there is
// used again; what Meta is about to forget, or never had, is uploaded from what is kept here.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { MetaClient } from '../meta/client.ts';
import { text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { MediaFiles } from './media-files.ts';
import type { Medium } from './media.ts';
import { findByMetaId, findMedia, findUpload, insertUploadId } from './media-store.ts';

export interface Uploads {
  /** Meta's id of a medium for this number, good for two days at least. Throws `whatsapp_upstream_error`. */
  uploadOf(number: BusinessNumber, medium: Medium): Promise<string>;
  /** The id that Meta is to be told for one that stands in a send: ours, or Meta's own. One that is not known here is Meta's to judge.
   *  Throws `invalid_field_value` for one of ours that is not there. */
  livingId(number: BusinessNumber, given: { id: string; path: string }): Promise<string>;
}

const META_KEEPS_MS = 30 * 86_400_000;
/** A message may wait for a day before it leaves. */
const RENEWED_BEFORE_MS = 2 * 86_400_000;
const GOOD_MS = META_KEEPS_MS - RENEWED_BEFORE_MS;

export function createUploads(
  ctx: Context,
  { meta, files }: { meta: MetaClient; files: MediaFiles },
): Uploads {
  // A thousand sends of one medium upload it once.
  const running = new Map<string, Promise<string>>();

  async function upload(number: BusinessNumber, medium: Medium): Promise<string> {
    const { organisationId, phoneNumberId, accessToken } = number;
    const of = { organisationId, phoneNumberId, mediaId: medium.id };
    const present = await findUpload(ctx.db, of, GOOD_MS);
    if (present !== undefined) return present;
    const bytes = await files.open(medium);
    if (!bytes || medium.size === null || medium.mimeType === null)
      throw new KurirError('resource_not_found', `The bytes of ${medium.id} are not kept any more.`);
    const file = {
      bytes,
      size: medium.size,
      mimeType: medium.toldType ?? medium.mimeType,
      filename: medium.filename ?? medium.id,
    };
    const answer = await meta
      .upload({ accessToken, phoneNumberId, file })
      .finally(() => void bytes.destroy());
    const uploadId = answer.kind === 'answered' ? text(answer.body['id']) : undefined;
    if (uploadId === undefined) throw upstream(answer);
    await insertUploadId(ctx.db, { ...of, uploadId });
    return uploadId;
  }

  function uploadOf(number: BusinessNumber, medium: Medium): Promise<string> {
    const key = `${number.phoneNumberId}/${medium.id}`;
    const present = running.get(key) ?? upload(number, medium).finally(() => running.delete(key));
    running.set(key, present);
    return present;
  }

  return {
    uploadOf,
    async livingId(number, { id, path }) {
      const { organisationId, phoneNumberId } = number;
      if (!id.startsWith('med_')) {
        const found = await findByMetaId(ctx.db, organisationId, {
          metaId: id,
          phoneNumberIds: [phoneNumberId],
        });
        return found?.medium.status === 'ready' ? uploadOf(number, found.medium) : id;
      }
      const [medium] = await findMedia(ctx.db, organisationId, [id]);
      if (medium?.status === 'ready') return uploadOf(number, medium);
      const why = medium ? `is ${medium.status}` : 'is not there, or not kept any more';
      throw new KurirError('invalid_field_value', `${path}.id ${why}: ${id.slice(0, 40)}.`, {
        param: `${path}.id`,
      });
    },
  };
}

function upstream(answer: Awaited<ReturnType<MetaClient['upload']>>): KurirError {
  if (answer.kind !== 'refused') {
    const why = answer.kind === 'failed' ? answer.reason : 'it told no id';
    return new KurirError('whatsapp_upstream_error', `Meta did not take the file: ${why}. Repeat it.`);
  }
  const { code, details, title } = answer.error;
  const message = (details ?? title).replace(/\.?$/, '.');
  return new KurirError('whatsapp_upstream_error', `Meta refused the file (${code}): ${message}`, {
    refusedBy: { code, message },
  });
}
