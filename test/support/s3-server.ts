// A server that speaks the protocol of S3 and checks its signatures, with one bucket, in a temporary folder.
import S3rver from '@20minutes/s3rver';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../../src/config/config.ts';

export interface S3Server extends AsyncDisposable {
  /** The settings of a gateway that keeps its media there. */
  settings: Pick<Config, 's3Bucket' | 's3Endpoint' | 's3Region' | 's3AccessKeyId' | 's3SecretAccessKey'>;
}

export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'kurir-s3-'));
  const bucket = 'kurir-media';
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  return {
    settings: {
      s3Bucket: bucket,
      s3Endpoint: `http://127.0.0.1:${port}`,
      s3Region: 'us-east-1',
      // The only key it has.
      s3AccessKeyId: 'S3RVER',
      s3SecretAccessKey: 'S3RVER',
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
