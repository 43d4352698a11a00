// Which of the two places the operator chose for the bytes of media.
import type { Config } from '../config/config.ts';
import { createFolderFiles } from './folder-files.ts';
import type { MediaFiles } from './media-files.ts';
import { createS3Files } from './s3-files.ts';

type FilesConfig = Pick<
  Config,
  'mediaDir' | 's3Bucket' | 's3Endpoint' | 's3Region' | 's3AccessKeyId' | 's3SecretAccessKey'
>;

export function createMediaFiles(config: FilesConfig): MediaFiles {
  const { s3Bucket: bucket, s3Endpoint: endpoint, s3Region: region } = config;
  if (bucket === undefined) return createFolderFiles(config.mediaDir);
  const { s3AccessKeyId: id, s3SecretAccessKey: secret } = config;
  return createS3Files({
    bucket,
    region,
    endpoint,
    key: id === undefined || secret === undefined ? undefined : { id, secret },
  });
}
