// Media: upload, locate, download, delete. The sum is hex here (base64 in webhooks); a link is good for five minutes.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber, Media } from '../fact.ts';
import { findMedia, keepMedia, mediaLink, mediaOfLink } from '../media-links.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { schemaFault, unknownObject } from './graph-error.ts';

const TYPES = [
  'audio/aac',
  'audio/mp4',
  'audio/mpeg',
  'audio/amr',
  'audio/ogg',
  'audio/opus',
  'application/vnd.ms-powerpoint',
  'application/msword',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/pdf',
  'text/plain',
  'application/vnd.ms-excel',
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'video/3gpp',
];

const MEGABYTE = 1_000_000;
const MAX_BYTES: readonly [RegExp, number][] = [
  [/^image\//, 5 * MEGABYTE],
  [/^(?:audio|video)\//, 16 * MEGABYTE],
  [/./, 100 * MEGABYTE],
];

export async function uploadMedia(sim: Simulation, number: BusinessNumber, call: GraphCall): Promise<Answer> {
  const form = await formOf(call);
  if (form?.get('messaging_product') !== 'whatsapp')
    throw schemaFault('The parameter messaging_product is required.');
  const file = form.get('file');
  if (file === null) throw schemaFault('The parameter file is required.');
  if (typeof file === 'string') throw schemaFault('Param file must be a file.');
  const mimeType = (file.type.split(';')[0] ?? '').trim();
  if (!TYPES.includes(mimeType)) {
    throw schemaFault(
      `Param file must be a file with one of the following types: ${TYPES.join(', ')}. Received file of type '${mimeType}'.`,
    );
  }
  const max = MAX_BYTES.find(([type]) => type.test(mimeType))?.[1] ?? 0;
  if (file.size > max) throw schemaFault(`Param file must be at most ${max / MEGABYTE} MB in size.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const media = keepMedia(sim, {
    number: number.phoneNumberId,
    mimeType,
    bytes,
    filename: file.name,
    inbound: false,
  });
  return { status: 200, json: { id: media.id } };
}

export function getMedia(sim: Simulation, media: Media, call: GraphCall): Answer {
  const number = call.query.get('phone_number_id');
  if (number !== null && number !== media.number) {
    throw schemaFault('Param phone_number_id is not a valid whatsapp business phone number id ID');
  }
  if (!findMedia(sim, media.id)) throw unknownObject(call.method, media.id);
  const json: JsonObject = {
    url: mediaLink(sim, media.id, { origin: call.origin, source: 'getMedia' }),
    mime_type: media.mimeType,
    sha256: media.sha256,
    file_size: media.size,
    id: media.id,
    messaging_product: 'whatsapp',
  };
  return { status: 200, json };
}

export function deleteMedia(sim: Simulation, media: Media): Answer {
  sim.mediaFiles.delete(media.id);
  record(sim, { fact: 'mediaDeleted', at: sim.clock.now(), id: media.id });
  return { status: 200, json: { success: true } };
}

/** The bytes behind a link; anything wrong with it is a 404 that says nothing. */
export function downloadMedia(sim: Simulation, call: GraphCall): Answer {
  const media = mediaOfLink(sim, call.query);
  const bytes = media && sim.mediaFiles.get(media.id);
  if (!media || !bytes) return notFound();
  return {
    status: 200,
    bytes,
    headers: {
      'content-type': media.mimeType,
      'content-disposition': `inline;filename=${media.filename.replaceAll(/[^\w.-]/g, '_')}`,
      'accept-ranges': 'bytes',
      etag: `"${media.sha256.slice(0, 32)}"`,
    },
  };
}

export function notFound(): Answer {
  return { status: 404, bytes: new Uint8Array(), headers: { 'content-type': 'text/html; charset=utf-8' } };
}

async function formOf(call: GraphCall): Promise<FormData | null> {
  const type = call.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return null;
  try {
    return await new Response(call.body, { headers: { 'content-type': type } }).formData();
  } catch {
    // Not a form that can be read: Meta says what it misses in it.
    return null;
  }
}
