// The ledger: one JSON line a fact, appended and never changed. A line is written with one system call before the call
// returns, so what was answered is in the file whatever happens to the process next. A half line at the end, left by a
// process that was killed, is cut off at the next start.
import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../src/kernel/json.ts';
import type { Fact } from './fact.ts';

export const LEDGER_FILE = 'ledger.jsonl';

export interface Ledger {
  append(fact: Fact): void;
  /** Begins again with an empty file; the earlier one is gone. */
  clear(): void;
  close(): void;
}

/** Opens the ledger of a directory, after handing every fact in it to `replay`, oldest first. */
export async function openLedger(dir: string, replay: (fact: Fact) => void): Promise<Ledger> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, LEDGER_FILE);
  if (existsSync(path)) await readFacts(path, replay);
  let file = openSync(path, 'a', 0o600);
  return {
    append: (fact) => appendFileSync(file, `${JSON.stringify(fact)}\n`),
    clear: () => {
      closeSync(file);
      file = openSync(path, 'w', 0o600);
    },
    close: () => closeSync(file),
  };
}

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
