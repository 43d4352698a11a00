// An answer that comes drop by drop: its head, or its body, in pieces over a time. A trickling head goes past Node's own, which
// writes a head whole; its connection ends with it.
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/kernel/clock.ts';

export interface Trickle {
  part: 'headers' | 'body';
  ms: number;
}

interface Whole {
  status: number;
  /** Names and values in turns. */
  headers: readonly string[];
  body: Uint8Array;
}

const PIECES = 20;

export function trickle(
  clock: Clock,
  raw: ServerResponse,
  { status, headers, body, part, ms }: Whole & Trickle,
): void {
  if (part === 'headers') {
    const head = Buffer.from(headText(status, headers), 'latin1');
    const { socket } = raw;
    inPieces(clock, head, {
      ms,
      write: (piece) => socket?.destroyed === false && socket.write(piece),
      done: () => socket?.end(body),
    });
    return;
  }
  raw.writeHead(status, [...headers]);
  raw.flushHeaders();
  inPieces(clock, body, {
    ms,
    write: (piece) => !raw.destroyed && raw.write(piece),
    done: () => raw.end(),
  });
}

interface Pieces {
  ms: number;
  write: (piece: Uint8Array) => unknown;
  done: () => void;
}

// The first piece goes at once, the last when the time is over (whole milliseconds, so that they add up to no more).
function inPieces(clock: Clock, bytes: Uint8Array, { ms, write, done }: Pieces): void {
  const size = Math.ceil(bytes.length / PIECES);
  const pauses = Math.ceil(bytes.length / size) - 1;
  const next = (from: number): void => {
    write(bytes.subarray(from, from + size));
    if (from + size >= bytes.length) return done();
    clock.after(Math.floor(ms / pauses), () => next(from + size));
  };
  next(0);
}

function headText(status: number, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`;
}
