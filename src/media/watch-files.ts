// Whether the place where media are kept takes them: that it does not is said once, when it begins, and when it ends.
import type { Log } from '../kernel/log.ts';
import { NotKept, type MediaFiles } from './media-files.ts';

export interface WatchedFiles {
  files: MediaFiles;
  /** Why the latest medium was not kept; undefined where it was. */
  trouble: () => string | undefined;
}

export function watchFiles(files: MediaFiles, log: Log): WatchedFiles {
  let trouble: string | undefined;
  return {
    files: {
      ...files,
      async put(key, bytes) {
        try {
          await files.put(key, bytes);
          if (trouble !== undefined) log.info('media are kept again');
          trouble = undefined;
        } catch (error) {
          if (error instanceof NotKept) {
            if (trouble === undefined)
              log.error(
                { err: error.cause },
                'media cannot be kept: those of customers are fetched again later',
              );
            trouble = error.message;
          }
          throw error;
        }
      },
    },
    trouble: () => trouble,
  };
}
