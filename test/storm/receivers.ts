// The receivers as the test sees them: their process, their addresses, and the ledger that they write, read as it grows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a receiver treats its subscription. */
export type Manner =
  | 'well'
  /** Never answers. */
  | 'silent'
  /** 500 every other time, by chance. */
  | 'failing'
  /** 429 with Retry-After to the first two tries of each event. */
  | 'busy'
  /** Nobody listens. */
  | 'refusing'
  /** Well; its subscription is taken away midway. */
  | 'removed';

export interface ReceiversSettings {
  seed: number;
  file: string;
  manners: readonly Manner[];
}

/** One request that a receiver got; clocks are wall clocks in ms. */
export interface Request {
  /** Its place in `manners`. */
  receiver: number;
  /** Meta's id in the body; of a status, with the status: `wamid.… read`. */
  event: string;
  /** Where the dialect tells it. */
  delivery: string;
  at: number;
  endedAt: number;
  /** 0: it went unanswered. */
  status: number;
}

export interface Receivers extends AsyncDisposable {
  urls: string[];
  requests: Request[];
  /** Reads what the ledger says by now. */
  read(): void;
  /** Ends the process; the ledger is whole then, and read. */
  stop(): Promise<void>;
}

export const RETRY_AFTER_MS = 1_000;
// On another address of this machine than all that listens: what goes there is refused.
const NOBODY = '127.66.66.66';

export async function startReceivers(
  settings: Omit<ReceiversSettings, 'file'> & { folder: string },
): Promise<Receivers> {
  const { folder, ...rest } = settings;
  const file = join(folder, 'receivers.ledger');
  writeFileSync(file, '');
  const program = fileURLToPath(import.meta.resolve('./receivers-program.ts'));
  const child = spawn(process.execPath, [program, JSON.stringify({ ...rest, file })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { ports } = JSON.parse(line) as { ports: number[] };
  const requests: Request[] = [];
  const ledger = openSync(file, 'r');
  let position = 0;
  let partial = '';
  const read = (): void => {
    const chunk = Buffer.alloc(1 << 20);
    for (let size = -1; size !== 0;) {
      size = readSync(ledger, chunk, 0, chunk.length, position);
      position += size;
      const lines = (partial + chunk.toString('latin1', 0, size)).split('\n');
      partial = lines.pop() ?? '';
      for (const one of lines) requests.push(JSON.parse(one) as Request);
    }
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
      read();
      closeSync(ledger);
    })());
  return {
    urls: ports.map(
      (port, i) =>
        `http://${settings.manners[i] === 'refusing' ? NOBODY : '127.0.0.1'}:${port}/${settings.manners[i]}/${i}`,
    ),
    requests,
    read,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
