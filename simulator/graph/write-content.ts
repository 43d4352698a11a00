// Bytes of any size on their way out: read as fast as they are taken. Cut off, half of them leave; drop by drop, a twentieth at a time.
import type { ServerResponse } from 'node:http';
import { sleep, type Clock } from '../../src/kernel/clock.ts';
import type { Content } from '../media/content.ts';

export interface Leaving {
  status: number;
  /** Names and values in turns. */
  headers: readonly string[];
  content: Content;
  range: { from: number; to: number };
  cut: boolean;
  /** How long all of it takes. */
  ms: number;
}

const PIECES = 20;

export async function writeContent(clock: Clock, raw: ServerResponse, leaving: Leaving): Promise<void> {
  const { status, headers, content, range, cut, ms } = leaving;
  const { from } = range;
  const to = cut ? from + ((range.to - from) >> 1) : range.to;
  const step = ms === 0 ? to - from : Math.ceil((to - from) / PIECES);
  raw.writeHead(status, [...headers]);
  raw.flushHeaders();
  try {
    for (let at = from; at < to && !raw.destroyed; at += step) {
      await pour(raw, content.pieces(at, Math.min(at + step, to)));
      if (at + step < to) await sleep(clock, Math.floor(ms / (PIECES - 1)));
    }
  } catch {
    // The file has gone in the meantime: the caller sees a connection that breaks.
    raw.destroy();
    return;
  }
  if (cut) raw.socket?.destroySoon();
  else raw.end();
}

async function pour(raw: ServerResponse, pieces: ReturnType<Content['pieces']>): Promise<void> {
  for await (const piece of pieces) {
    if (raw.destroyed) return;
    if (!raw.write(piece)) await room(raw);
  }
}

// Or nobody is there any more.
function room(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      raw.off('drain', go).off('close', go);
      resolve();
    };
    raw.on('drain', go).on('close', go);
  });
}
