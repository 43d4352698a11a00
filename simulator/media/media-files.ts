// The bytes of media, each in a file: below the ledger's directory when there is one, else in a folder of the system's for what is
// temporary, which goes with the simulator.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Content } from './content.ts';

export interface MediaFiles {
  put(id: string, bytes: Uint8Array): void;
  /** Takes in what comes piece by piece: at the most so many bytes of it, and says how many there were. */
  receive(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Received>;
  get(id: string): Content | null;
  delete(id: string): void;
  clear(): void;
  close(): void;
}

/** A file that has come in and has no id yet. */
export interface Received {
  sha256: string;
  /** As many as came, also beyond the most that are kept. */
  size: number;
  keepAs(id: string): void;
  drop(): void;
}

export function createMediaFiles(ledgerDir: string | null): MediaFiles {
  let folder = ledgerDir === null ? null : join(ledgerDir, 'media');
  let received = 0;
  const made = (): string => {
    folder ??= mkdtempSync(join(tmpdir(), 'simulator-media-'));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  };
  // Ids are made of digits here, so that no path of a caller's ever reaches the disk.
  const fileOf = (id: string): string => join(made(), /^\d+$/.test(id) ? id : 'none');
  const clear = (): void => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  return {
    put: (id, bytes) => writeFileSync(fileOf(id), bytes, { mode: 0o600 }),
    async receive(body, maxBytes) {
      const file = join(made(), `coming-${++received}`);
      const drop = (): void => rmSync(file, { force: true });
      try {
        const { sha256, size } = await take(body, file, maxBytes);
        return { sha256, size, drop, keepAs: (id) => renameSync(file, fileOf(id)) };
      } catch (error) {
        drop();
        throw error;
      }
    },
    get(id) {
      const file = fileOf(id);
      const size = statSync(file, { throwIfNoEntry: false })?.size;
      // Not there: the caller answers as Meta does for an expired medium.
      if (size === undefined) return null;
      const pieces: Content['pieces'] = (from, to) =>
        to > from ? createReadStream(file, { start: from, end: to - 1 }) : [];
      return { size, pieces };
    },
    delete: (id) => rmSync(fileOf(id), { force: true }),
    clear,
    close() {
      if (ledgerDir === null) clear();
    },
  };
}

// What is too large is read to its end all the same, or the sender would see a broken connection instead of an answer.
async function take(
  body: AsyncIterable<Uint8Array>,
  file: string,
  maxBytes: number,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) return done();
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, measured, createWriteStream(file, { mode: 0o600 }));
  return { sha256: hash.digest('hex'), size };
}
