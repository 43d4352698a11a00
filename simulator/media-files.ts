// The bytes of media: in files below the ledger's directory when there is one, else in memory, the latest up to a limit.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MediaFiles {
  put(id: string, bytes: Uint8Array): void;
  get(id: string): Uint8Array | null;
  delete(id: string): void;
  clear(): void;
}

const MEMORY_MAX_BYTES = 256_000_000;

export function createMediaFiles(ledgerDir: string | null): MediaFiles {
  return ledgerDir === null ? inMemory() : inFolder(join(ledgerDir, 'media'));
}

function inMemory(): MediaFiles {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  function remove(id: string): void {
    total -= files.get(id)?.length ?? 0;
    files.delete(id);
  }
  return {
    put(id, bytes) {
      files.set(id, bytes);
      total += bytes.length;
      for (const oldest of files.keys()) {
        if (total <= MEMORY_MAX_BYTES || oldest === id) break;
        remove(oldest);
      }
    },
    get: (id) => files.get(id) ?? null,
    delete: remove,
    clear() {
      files.clear();
      total = 0;
    },
  };
}

// Ids are made of digits here, so that no path of a caller's ever reaches the disk.
function inFolder(folder: string): MediaFiles {
  const fileOf = (id: string): string => join(folder, /^\d+$/.test(id) ? id : 'none');
  return {
    put(id, bytes) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(fileOf(id), bytes, { mode: 0o600 });
    },
    get(id) {
      try {
        return readFileSync(fileOf(id));
      } catch {
        // Not there: the caller answers as Meta does for an expired medium.
        return null;
      }
    },
    delete: (id) => rmSync(fileOf(id), { force: true }),
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}
