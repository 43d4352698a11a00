// Where the bytes of media are kept: a folder, or a bucket of an S3-compatible store. The rows of the table `media` say what there is; a file
// that no row names is not there for anybody.
import type { Readable } from 'node:stream';

export interface MediaFiles {
  /** Keeps all that comes out of the stream, or, when it breaks, nothing; what was there under the key is replaced. Throws `NotKept` where
   *  it is not the stream that breaks. */
  put(key: MediaKey, bytes: Readable): Promise<void>;
  /** The bytes, or a part of them; undefined where nothing is kept. */
  open(key: MediaKey, part?: BytePart): Promise<Readable | undefined>;
  /** Deletes it; that it is not there is no fault. */
  delete(key: MediaKey): Promise<void>;
  /** Deletes what was last written to before a moment and never put in its place: whoever wrote it died. */
  deleteBrokenOff(before: number): Promise<void>;
  close(): void;
}

/** So begins why a medium was not kept. */
export const NOT_KEPT = 'the gateway could not keep it';

/** The place where bytes are kept does not take them. The message names no path: callers see it. */
export class NotKept extends Error {
  override readonly name = 'NotKept';

  constructor(cause: unknown) {
    const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.name) : 'unknown';
    super(`${NOT_KEPT} (${why})`, { cause });
  }
}

export interface MediaKey {
  organisationId: string;
  id: string;
}

/** From the first to the last byte, both included. */
export interface BytePart {
  first: number;
  last: number;
}

const ID = /^[a-z]{3}_[0-9A-Z]{26}$/;

/** The two ids as parts of a path. They are ours; that nothing else ever becomes a path is made sure of here. */
export function pathParts({ organisationId, id }: MediaKey): [organisation: string, id: string] {
  if (!ID.test(organisationId) || !ID.test(id)) throw new Error('This is no key of a medium.');
  return [organisationId, id];
}
