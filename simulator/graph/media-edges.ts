// Media: upload, locate, download, delete. The sum is hex here (base64 in webhooks); a link is good for five minutes.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber, Media } from '../fact.ts';
import { contentOf, findMedia, keepMedia, type MediaAbout } from '../media/keep-media.ts';
import type { Received } from '../media/media-files.ts';
import { mediaLink, mediaOfLink } from '../media/media-links.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { schemaFault, unknownObject } from './graph-error.ts';
import { BrokenForm, boundaryOf, formParts, textOf, type FormPart } from './multipart.ts';

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
  const { product, file } = await formOf(sim, call);
  try {
    if (product !== 'whatsapp') throw schemaFault('The parameter messaging_product is required.');
    if (file === null) throw schemaFault('The parameter file is required.');
    if (file === 'no file') throw schemaFault('Param file must be a file.');
    const media = keepMedia(sim, aboutOf(number, file), file);
    return { status: 200, json: { id: media.id } };
  } catch (error) {
    drop(file);
    throw error;
  }
}

interface File {
  mimeType: string;
  filename: string;
  received: Received;
}

function aboutOf(number: BusinessNumber, { mimeType, filename, received }: File): MediaAbout {
  if (!TYPES.includes(mimeType)) {
    throw schemaFault(
      `Param file must be a file with one of the following types: ${TYPES.join(', ')}. Received file of type '${mimeType}'.`,
    );
  }
  const max = maxBytesOf(mimeType);
  if (received.size > max) throw schemaFault(`Param file must be at most ${max / MEGABYTE} MB in size.`);
  return { number: number.phoneNumberId, mimeType, filename, inbound: false };
}

function maxBytesOf(mimeType: string): number {
  return MAX_BYTES.find(([type]) => type.test(mimeType))?.[1] ?? 0;
}

export function getMedia(sim: Simulation, media: Media, call: GraphCall): Answer {
  const number = call.query.get('phone_number_id');
  if (number !== null && number !== media.number) {
    throw schemaFault('Param phone_number_id is not a valid whatsapp business phone number id ID');
  }
  if (!findMedia(sim, media.id)) throw unknownObject(call.method, media.id);
  const json: JsonObject = {
    url: mediaLink(sim, media, { origin: call.origin, source: 'getMedia' }),
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

/** The bytes behind a link; anything wrong with it is a 404 that says nothing but in a header of the simulator's own. */
export function downloadMedia(sim: Simulation, call: GraphCall): Answer {
  if (call.headers['user-agent'] === undefined) return notFound('no User-Agent');
  const media = mediaOfLink(sim, call.query);
  if (!media) return notFound('the link has expired, or was not handed out by the simulator');
  const content = contentOf(sim, media);
  if (!content) return notFound('the medium was deleted');
  const headers = {
    'content-type': media.mimeType,
    'content-disposition': `inline;filename=${media.filename.replaceAll(/[^\w.-]/g, '_')}`,
    'accept-ranges': 'bytes',
    etag: `"${media.sha256.slice(0, 32)}"`,
  };
  const range = rangeOf(call.headers.range, content.size);
  if (!range) return { status: 200, content, headers };
  const { from, to } = range;
  return {
    status: 206,
    content,
    range,
    headers: { ...headers, 'content-range': `bytes ${from}-${to - 1}/${content.size}` },
  };
}

export function notFound(note: string): Answer {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'x-sim-note': `No bytes: ${note}.` };
  return { status: 404, bytes: new Uint8Array(), headers };
}

// One range that lies within; anything else is answered by the whole.
function rangeOf(header: string | undefined, size: number): { from: number; to: number } | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const from = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  return from < to ? { from, to } : null;
}

interface Form {
  product: string | null;
  file: File | 'no file' | null;
}

async function formOf(sim: Simulation, { headers, upload }: GraphCall): Promise<Form> {
  const form: Form = { product: null, file: null };
  const boundary = boundaryOf(headers['content-type'] ?? '');
  if (boundary === null || upload === null) return form;
  try {
    for await (const part of formParts(upload, boundary)) await take(sim, form, part);
    return form;
  } catch (error) {
    // Not a form that can be read: Meta says what it misses in it. Nothing of it is kept.
    drop(form.file);
    if (!(error instanceof BrokenForm)) throw error;
    return { product: form.product, file: null };
  }
}

async function take(sim: Simulation, form: Form, { name, filename, type, body }: FormPart): Promise<void> {
  if (name === 'file' && filename !== null) {
    const mimeType = (type.split(';')[0] ?? '').trim();
    const received = await sim.mediaFiles.receive(body, maxBytesOf(mimeType));
    // The last of several counts.
    drop(form.file);
    form.file = { mimeType, filename, received };
    return;
  }
  const text = await textOf(body);
  if (name === 'messaging_product') form.product = text;
  else if (name === 'file') form.file = 'no file';
}

function drop(file: Form['file']): void {
  if (file !== null && file !== 'no file') file.received.drop();
}
