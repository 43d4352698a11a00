// Media in a folder: a file is written beside the others, forced to the disk, and then put in its place in one step, so that what a row calls
// ready is whole after any crash. What a crash left half written is in one folder, where it is found without looking through the others.
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { NotKept, pathParts, type MediaFiles, type MediaKey } from './media-files.ts';

export function createFolderFiles(folder: string): MediaFiles {
  // Spread over folders by the end of the id, which is chance: one with a million files is slow to list, back up and delete.
  const placeOf = (key: MediaKey): string => {
    const [organisation, id] = pathParts(key);
    return join(folder, organisation, id.slice(-2), id);
  };
  const parts = join(folder, 'parts');
  const partName = (key: MediaKey): string => pathParts(key).join('.');

  async function partsHere(): Promise<string[]> {
    return unlessAbsent(readdir(parts), []);
  }

  return {
    async put(key, bytes) {
      const place = placeOf(key);
      const beside = join(parts, `${partName(key)}.${randomUUID()}.part`);
      try {
        for (const needed of [parts, dirname(place)]) await mkdir(needed, { recursive: true, mode: 0o700 });
        await pipeline(bytes, createWriteStream(beside, { mode: 0o600, flush: true }));
        await rename(beside, place);
      } catch (error) {
        await rm(beside, { force: true }).catch(() => undefined);
        throw isOfDisk(error) ? new NotKept(error) : error;
      }
    },
    async open(key, part) {
      const file = await unlessAbsent(open(placeOf(key)), undefined);
      return file?.createReadStream(part === undefined ? {} : { start: part.first, end: part.last });
    },
    async delete(key) {
      await rm(placeOf(key), { force: true });
      const begun = (await partsHere()).filter((name) => name.startsWith(`${partName(key)}.`));
      for (const name of begun) await rm(join(parts, name), { force: true });
    },
    async deleteBrokenOff(before) {
      for (const name of await partsHere()) {
        const place = join(parts, name);
        // Another node may have put it in its place meanwhile.
        const found = await unlessAbsent(stat(place), undefined);
        if (found && found.mtimeMs < before) await rm(place, { force: true });
      }
    },
    close: () => undefined,
  };
}

async function unlessAbsent<Found, Else>(looking: Promise<Found>, otherwise: Else): Promise<Found | Else> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

// What breaks off on its way from somebody else is a call on a socket.
function isOfDisk(error: unknown): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    ['mkdir', 'open', 'write', 'writev', 'fsync', 'close', 'rename'].includes(String(error.syscall)) &&
    !('code' in error && ['EPIPE', 'ECONNRESET'].includes(String(error.code)))
  );
}
