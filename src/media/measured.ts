// Bytes on their way into the store: counted, summed, and their type found, without being held. Whoever judges them does so before the
// last of them has passed, so that a stream that is refused leaves nothing behind.
import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { fileTypeFromBuffer } from 'file-type';

import { foundType } from './found-type.ts';

export interface Measured {
  size: number;
  /** In hex. */
  sha256: string;
  mimeType: string;
}

export interface Measuring {
  toldType: string | null;
  /** Throws what is wrong with so many bytes. */
  checkSize: (size: number) => void;
  /** Throws what is wrong with the whole. */
  checkWhole: (measured: Measured) => void;
}

/** What is looked at to find the type: an Office document names itself some way in. */
const HEAD_BYTES = 65_536;

export class Measure extends Transform {
  /** Known when the stream has ended. */
  measured: Measured | undefined;
  // Not `size`: the client of S3 takes that for the length of a body.
  #size = 0;
  readonly #measuring: Measuring;
  readonly #hash = createHash('sha256');
  #head: Buffer[] = [];
  #headSize = 0;

  constructor(measuring: Measuring) {
    super();
    this.#measuring = measuring;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.length;
    this.#hash.update(chunk);
    if (this.#headSize < HEAD_BYTES) {
      const part = chunk.subarray(0, HEAD_BYTES - this.#headSize);
      this.#head.push(part);
      this.#headSize += part.length;
    }
    try {
      this.#measuring.checkSize(this.#size);
      done(null, chunk);
    } catch (error) {
      done(asError(error));
    }
  }

  override _flush(done: TransformCallback): void {
    this.#end().then(
      () => done(),
      (error: unknown) => done(asError(error)),
    );
  }

  async #end(): Promise<void> {
    const head = Buffer.concat(this.#head);
    const found = await fileTypeFromBuffer(head);
    this.measured = {
      size: this.#size,
      sha256: this.#hash.digest('hex'),
      mimeType: foundType(this.#measuring.toldType, found?.mime, head),
    };
    this.#measuring.checkWhole(this.measured);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the bytes were refused', { cause: error });
}
