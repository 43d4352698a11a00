// The ledger: one JSON line a fact, appended and never changed. A line is written with one system call before the call
// returns, so what was answered is in the file whatever happens to the process next. A half line at the end, left by a
// process that was killed, is cut off at the next start.
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isObject, type Json } from '../src/kernel/json.ts';
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
  if (existsSync(path)) truncateSync(path, await readFacts(path, replay));
  let file = openSync(path, 'a', 0o600);
  return {
    append: (fact) => {
      writeSync(file, `${JSON.stringify(fact)}\n`);
    },
    clear: () => {
      closeSync(file);
      truncateSync(path, 0);
      file = openSync(path, 'a', 0o600);
    },
    close: () => closeSync(file),
  };
}

// Answers where the last whole line ends.
async function readFacts(path: string, replay: (fact: Fact) => void): Promise<number> {
  let wholeBytes = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  for await (const line of lines) {
    const fact = factOf(line);
    if (!fact) break;
    replay(fact);
    wholeBytes += Buffer.byteLength(line) + 1;
  }
  return wholeBytes;
}

// The file is our own: what has a `fact` in it was written by `append`.
function factOf(line: string): Fact | null {
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch {
    // Half a line: the process was killed while it wrote.
    return null;
  }
  return isObject(value) && typeof value['fact'] === 'string' ? (value as unknown as Fact) : null;
}
