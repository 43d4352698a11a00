// The log: JSON lines with ids, codes and durations. Never bodies, phone numbers, tokens or keys: what may be logged is
// named at each call, and the list below is only the net under it.
import { pino, type Logger } from 'pino';

export type Log = Logger;

export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['to', 'body', 'token', 'authorization', '*.authorization', '*.token', '*.body', '*.to'],
      censor: '[secret]',
    },
  });
}
