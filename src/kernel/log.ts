// The log: JSON lines with ids, codes and durations. Never bodies, phone numbers, tokens or keys: what may be logged is
// named at each call, errors are cut down to what they are, and the list below is only the net under it.
import { pino, type Logger } from 'pino';

import type { Clock } from './clock.ts';

export type Log = Logger;

export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: plainError },
    redact: {
      paths: ['to', 'body', 'token', 'authorization', '*.authorization', '*.token', '*.body', '*.to'],
      censor: '[secret]',
    },
  });
}

const RARELY_MS = 60_000;

/** Warns, and then not again for a minute: for what happens a thousand times a second or not at all. */
export function createRareWarning({ log, clock }: { log: Log; clock: Clock }, message: string): () => void {
  let warnedAt = -Infinity;
  return () => {
    if (clock.monotonic() - warnedAt < RARELY_MS) return;
    warnedAt = clock.monotonic();
    log.warn(message);
  };
}

const CAUSES_MAX = 4;

/** What an error is and where it comes from. Its own properties may hold rows, parameters or a whole connection: they stay out, and
 *  so does the message of a PostgreSQL error about a value (class 22 and 23 quote it). */
function plainError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const quotes = code !== undefined && /^2[23]/.test(code);
  const stack = error.stack
    ?.split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .map((line) => line.trim());
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: quotes ? 'a value was refused' : error.message,
    stack,
    ...(error.cause === undefined || depth >= CAUSES_MAX
      ? {}
      : { cause: plainError(error.cause, depth + 1) }),
  };
}
