// The ledger: one JSON line a fact, appended and never changed. A line is written with one system call before the call
// returns, so what was answered is in the file whatever happens to the process next. A half line at the end, left by a
// process that was killed, is cut off at the next start; facts that no longer matter are left out then, once they are many.
// While nothing can be written (the disk is full) no send is taken; what happens all the same, such as the status of an earlier one, waits
// in memory and is written first when it can be.
import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../src/kernel/json.ts';
import type { Fact } from './fact.ts';

export const LEDGER_FILE = 'ledger.jsonl';

/** A send could not be written down, and so was not taken. */
export class NotKept extends Error {
  override readonly name = 'NotKept';
}

export interface Ledger {
  /** Throws NotKept for a send; every other fact waits. */
  append(fact: Fact): void;
  /** Begins again with an empty file; the earlier one is gone. */
  clear(): void;
  close(): void;
}

export interface Reader {
  /** Told each fact of the ledger, oldest first. */
  replay: (fact: Fact) => void;
  /** Asked afterwards: whether the ledger is to be written anew … */
  isTooLong: () => boolean;
  /** … and which facts stay. */
  isNeeded: (fact: Fact) => boolean;
}

/** Opens the ledger of a directory, after telling the reader what is in it. */
export async function openLedger(dir: string, reader: Reader): Promise<Ledger> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, LEDGER_FILE);
  if (existsSync(path)) await readFacts(path, reader.replay);
  if (reader.isTooLong()) await shorten(path, reader.isNeeded);
  let file = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  let waiting: string[] = [];

  function write(line: string): void {
    try {
      appendFileSync(file, line);
    } catch (error) {
      // Half a line may be there: what comes next must begin a new one.
      ftruncateSync(file, size);
      throw error;
    }
    size += Buffer.byteLength(line);
  }

  function writeWaiting(): void {
    let written = 0;
    try {
      for (const line of waiting) {
        write(line);
        written++;
      }
    } finally {
      waiting = waiting.slice(written);
    }
  }

  return {
    append(fact) {
      const line = `${JSON.stringify(fact)}\n`;
      try {
        if (waiting.length > 0) writeWaiting();
        write(line);
      } catch (cause) {
        if (fact.fact === 'send') throw new NotKept(`${path} cannot be written`, { cause });
        waiting.push(line);
      }
    },
    clear() {
      closeSync(file);
      file = openSync(path, 'w', 0o600);
      [size, waiting] = [0, []];
    },
    close: () => closeSync(file),
  };
}

// The new file takes the old one's place only when it is whole and on disk.
async function shorten(path: string, isNeeded: (fact: Fact) => boolean): Promise<void> {
  const shorter = `${path}.new`;
  const file = openSync(shorter, 'w', 0o600);
  let lines: string[] = [];
  const write = (): void => {
    appendFileSync(file, lines.join(''));
    lines = [];
  };
  await readFacts(path, (fact) => {
    if (!isNeeded(fact)) return;
    lines.push(`${JSON.stringify(fact)}\n`);
    if (lines.length === LINES_AT_ONCE) write();
  });
  write();
  fsyncSync(file);
  closeSync(file);
  renameSync(shorter, path);
}

const LINES_AT_ONCE = 1000;

async function readFacts(path: string, replay: (fact: Fact) => void): Promise<void> {
  let wholeBytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue;
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      replay(factOf(bytes.toString('utf8', start, end), path));
      start = end + 1;
    }
    wholeBytes += start;
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) truncateSync(path, wholeBytes);
}

const NEWLINE = 0x0a;

function factOf(line: string, path: string): Fact {
  try {
    const value: unknown = JSON.parse(line);
    if (isFact(value)) return value;
  } catch {
    // Told below: the line as a whole is what cannot be read.
  }
  throw new Error(`${path} has a line that is no fact of a simulator; move the file away to begin afresh.`);
}

// The file is our own: what has a `fact` in it was written by `append`.
function isFact(value: unknown): value is Fact {
  return isObject(value) && typeof value['fact'] === 'string';
}
