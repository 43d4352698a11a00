// What Meta takes as an upload: its types, and how large each may be. Meta judges by the type that the file is said to have.
import { KurirError } from '../kernel/errors.ts';

const MEGABYTE = 1024 * 1024;

/** In the order in which Meta names them. */
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

const LARGEST_MB = 100;

/** Throws what Meta would say of such a file. */
export function requireUploadable(essence: string, size: number): void {
  if (!TYPES.includes(essence))
    throw refusal(
      `Param file must be a file with one of the following types: ${TYPES.join(', ')}. Received file of type '${essence}'.`,
    );
  requireSize(size, essence.startsWith('image/') ? 5 : /^(audio|video)\//.test(essence) ? 16 : LARGEST_MB);
}

/** The same before the type is known. */
export function requireUploadableSize(size: number): void {
  requireSize(size, LARGEST_MB);
}

function requireSize(size: number, mostMb: number): void {
  if (size > mostMb * MEGABYTE) throw refusal(`Param file must be at most ${mostMb} MB for its type.`);
}

function refusal(message: string): KurirError {
  return new KurirError('invalid_field_value', message, { param: 'file', refusedBy: { code: 100, message } });
}
