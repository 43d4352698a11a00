// Media in a bucket of S3, or of anything that speaks its protocol. The library is loaded when it is first needed: a gateway that keeps media
// in a folder does without its memory.
import { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';

import { NotKept, pathParts, type MediaFiles, type MediaKey } from './media-files.ts';

export interface S3Options {
  bucket: string;
  region: string;
  /** Undefined: Amazon's own. */
  endpoint: string | undefined;
  /** Undefined: from where Amazon's tools take it (environment, profile, the machine's role). */
  key: { id: string; secret: string } | undefined;
}

/** Parts of an upload: what it takes of memory, times two. S3 takes no smaller ones. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

export function createS3Files(options: S3Options): MediaFiles {
  const { bucket: Bucket } = options;
  let connecting: Promise<S3Client> | undefined;
  const connected = (): Promise<S3Client> => (connecting ??= connect(options));
  return {
    async put(key, bytes) {
      const client = await connected();
      const { Upload } = await import('@aws-sdk/lib-storage');
      const upload = new Upload({
        client,
        params: { Bucket, Key: nameOf(key), Body: bytes },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      });
      // A broken upload is taken back by the library; that some stores cannot do so must not hide why it broke.
      await upload.done().catch((error: unknown) => {
        throw bytes.errored ?? new NotKept(error);
      });
    },
    async open(key, part) {
      const client = await connected();
      const { GetObjectCommand, NoSuchKey } = await import('@aws-sdk/client-s3');
      const Range = part && `bytes=${part.first}-${part.last}`;
      try {
        return readable(await client.send(new GetObjectCommand({ Bucket, Key: nameOf(key), Range })));
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async delete(key) {
      const client = await connected();
      const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
      await client.send(new DeleteObjectCommand({ Bucket, Key: nameOf(key) }));
    },
    // Nobody sees it, and a rule of the bucket ends it (docs/media.md).
    deleteBrokenOff: () => Promise.resolve(),
    close: () => void connecting?.then((client) => client.destroy()),
  };
}

function nameOf(key: MediaKey): string {
  return pathParts(key).join('/');
}

async function connect({ region, endpoint, key }: S3Options): Promise<S3Client> {
  const sdk = await import('@aws-sdk/client-s3');
  return new sdk.S3Client({
    region,
    // A bucket as part of a name needs a certificate and a name server for each: others than Amazon rarely have them.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(key === undefined ? {} : { credentials: { accessKeyId: key.id, secretAccessKey: key.secret } }),
    // Amazon's newer sums are more than most others take.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

function readable({ Body }: GetObjectCommandOutput): Readable | undefined {
  return Body instanceof Readable ? Body : undefined;
}
