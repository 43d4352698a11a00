// Reading the form of an upload: its bytes go on as they come, the fields may stand before or after them. Whatever is wrong with it, what
// still comes is read and thrown away, so that the caller gets to hear why.
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { Readable } from 'node:stream';

import { KurirError } from '../kernel/errors.ts';
import type { Call } from './dialect.ts';

export interface FormFile {
  bytes: Readable;
  type: string;
  filename: string | null;
}

const LIMITS = { files: 1, fields: 20, parts: 25, fieldSize: 10_000, fieldNameSize: 100, headerPairs: 50 };

/** Hands the file on to `keep`; throws `missing_required_field` where the form has none, `invalid_request` where it is none. */
export async function readUpload<Kept>(
  call: Call,
  keep: (file: FormFile) => Promise<Kept>,
): Promise<{ kept: Kept; fields: Map<string, string> }> {
  const contentType = call.headers['content-type'] ?? '';
  const { form } = call;
  if (!form || !/^multipart\/form-data\s*(;|$)/i.test(contentType))
    throw new KurirError(
      'unsupported_media_type',
      'A file is uploaded as a form: multipart/form-data, with the fields messaging_product ("whatsapp") and file.',
    );
  const fields = new Map<string, string>();
  let keeping: Promise<Kept> | undefined;
  let file: Readable | undefined;
  try {
    const parser = parserOf({ ...call.headers, 'content-type': contentType });
    const read = new Promise<void>((resolve, reject) => {
      parser.on('field', (name: string, value: string) => void fields.set(name, value));
      // oxlint-disable-next-line max-params -- the library's
      parser.on('file', (name, bytes, filename, _encoding, type) => {
        // What breaks it is told by the form, or by who keeps it; unheard it would end the process.
        bytes.on('error', () => undefined);
        if (name !== 'file' || keeping) return void bytes.resume();
        file = bytes;
        keeping = keep({ bytes, type, filename: filename || null });
        keeping.catch(reject);
      });
      parser.on('finish', resolve);
      parser.on('error', (cause) => reject(broken(cause)));
      form.on('error', (cause) => reject(broken(cause)));
      form.on('close', () => form.readableEnded || reject(broken(undefined)));
      form.pipe(parser);
    });
    await read;
    if (!keeping) throw new KurirError('missing_required_field', 'file is required.', { param: 'file' });
    return { kept: await keeping, fields };
  } catch (error) {
    form.unpipe();
    form.resume();
    file?.destroy(error instanceof Error ? error : undefined);
    // What was begun to be kept ends, too, before anything is answered.
    await keeping?.catch(() => undefined);
    throw error;
  }
}

function parserOf(headers: BusboyHeaders): BusboyInstance {
  try {
    return new Busboy({ headers, limits: LIMITS });
  } catch (error) {
    // Without a boundary, say.
    throw broken(error);
  }
}

function broken(cause: unknown): KurirError {
  return new KurirError('invalid_request', 'The form could not be read to its end.', { cause });
}
