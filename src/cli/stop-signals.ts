// Runs until a signal says stop, then stops in order. One that comes while the start is still under way ends it at once, and
// so does a second one, a second or more after the first: one Ctrl-C may reach us twice, from the terminal and through npm.
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../kernel/clock.ts';
import { EXIT } from './complain.ts';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const AGAIN_MS = 1_000;

export interface StopSignals {
  /** The start is done: waits for a signal, then for `stop`, but no longer than `limitMs`. Returns the exit code. */
  untilStopped(terminal: Terminal, stop: () => Promise<void>, limitMs: number): Promise<number>;
}

/** Catches signals from now on. */
export function catchStopSignals(): StopSignals {
  const first = Promise.withResolvers<(typeof SIGNALS)[number]>();
  let started = false;
  let firstAt: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const now = systemClock.monotonic();
      firstAt ??= now;
      first.resolve(signal);
      if (!started || now - firstAt > AGAIN_MS) process.exit(EXIT.interrupted);
    });
  }
  return {
    async untilStopped(terminal, stop, limitMs) {
      started = true;
      const signal = await first.promise;
      terminal.note(`Stopping ...${signal === 'SIGINT' ? ' (again to force)' : ''}`);
      await Promise.race([stop(), pause(limitMs)]);
      return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
    },
  };
}
