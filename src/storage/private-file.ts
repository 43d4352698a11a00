// Small files that only their owner may read, replaced in one step: a reader sees the old text or the new one, and a crash
// leaves one of them.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

export function writePrivateFile(path: string, text: string): void {
  const next = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(next, text, { mode: 0o600, flush: true });
    renameSync(next, path);
  } finally {
    rmSync(next, { force: true });
  }
  syncFolder(dirname(path));
}

/** The text of a file that is kept for ever, made by `make` when it is missing. */
export function keptText(path: string, make: () => string): string {
  if (!existsSync(path)) writePrivateFile(path, `${make()}\n`);
  return readFileSync(path, 'utf8').trim();
}

/** Makes a rename in the folder last through a power cut. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
