// Media in a folder: a file is written beside its place, forced to the disk, and then put there in one step, so that what a row calls ready is
// whole after any crash.
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { pathParts, type MediaFiles, type MediaKey } from './media-files.ts';

export function createFolderFiles(folder: string): MediaFiles {
  // Spread over folders by the end of the id, which is chance: one with a million files is slow to list, back up and delete.
  const placeOf = (key: MediaKey): string => {
    const [organisation, id] = pathParts(key);
    return join(folder, organisation, id.slice(-2), id);
  };
  return {
    async put(key, bytes) {
      const place = placeOf(key);
      const beside = `${place}.${randomUUID()}.part`;
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      try {
        await pipeline(bytes, createWriteStream(beside, { mode: 0o600, flush: true }));
        await rename(beside, place);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
    async open(key, part) {
      try {
        const file = await open(placeOf(key));
        return file.createReadStream(part === undefined ? {} : { start: part.first, end: part.last });
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    delete: (key) => rm(placeOf(key), { force: true }),
    close: () => undefined,
  };
}
