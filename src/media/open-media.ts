// The room's parts, made and ended together.
import type { Context } from '../context.ts';
import type { Teller } from '../events/teller.ts';
import type { MetaClient } from '../meta/client.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { createMediaFiles } from './create-files.ts';
import { createFetcher, type Fetcher } from './fetcher.ts';
import { createForgetter } from './forgetter.ts';
import type { MediaFiles } from './media-files.ts';
import type { MediaNews } from './media-news.ts';
import { watchFiles } from './watch-files.ts';
import { createUploads, type Uploads } from './uploads.ts';

export interface Media {
  files: MediaFiles;
  uploads: Uploads;
  fetcher: Fetcher;
  /** There is no room for the bytes of another file. */
  isFull: () => boolean;
  /** Why the latest medium was not kept; undefined where it was. */
  trouble: () => string | undefined;
  start(): void;
  /** Does what is due, once. */
  tick(): Promise<void>;
  stop(): Promise<void>;
}

export function openMedia(
  ctx: Context,
  parts: {
    meta: MetaClient;
    numbers: NumberDirectory;
    teller: Teller;
    news: MediaNews;
    diskIsLow: () => boolean;
  },
): Media {
  const { meta, diskIsLow } = parts;
  const { files, trouble } = watchFiles(createMediaFiles(ctx.config), ctx.log);
  const isFull = (): boolean => ctx.config.s3Bucket === undefined && diskIsLow();
  const fetcher = createFetcher(ctx, { ...parts, files, isFull, trouble });
  const forgetter = createForgetter(ctx, files);
  return {
    files,
    isFull,
    trouble,
    fetcher,
    uploads: createUploads(ctx, { meta, files }),
    start() {
      fetcher.start();
      forgetter.start();
    },
    tick: async () => void (await Promise.all([fetcher.look(), forgetter.look()])),
    stop: async () => void (await Promise.all([fetcher.stop(), forgetter.stop()])),
  };
}
