// Runs until a signal says stop, then stops in order. A second signal, a second or more after the first, ends at once: one
// Ctrl-C may reach us twice, from the terminal and through npm.
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../kernel/clock.ts';
import { EXIT } from './complain.ts';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const AGAIN_MS = 1_000;

/** Returns the exit code. `stop` is given `limitMs`; what hangs then ends with the process. */
export async function untilStopped(
  terminal: Terminal,
  stop: () => Promise<void>,
  limitMs: number,
): Promise<number> {
  const first = await new Promise<(typeof SIGNALS)[number]>((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve(signal));
  });
  const stoppingAt = systemClock.monotonic();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (systemClock.monotonic() - stoppingAt > AGAIN_MS) process.exit(EXIT.interrupted);
    });
  }
  terminal.note(`Stopping ...${first === 'SIGINT' ? ' (again to force)' : ''}`);
  await Promise.race([stop(), pause(limitMs)]);
  return first === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}
