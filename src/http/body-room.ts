// Room for the bodies of requests: what they may take together in memory. A request is let in for as many bytes as it says it has, or as
// it may have where it does not say; whoever finds no room is told before anything of it is read, and the connection goes on.
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { createRareWarning } from '../kernel/log.ts';

export interface BodyRoom {
  /** Lets a request in; throws `service_unavailable` where there is no room. */
  enter(request: IncomingMessage, response: ServerResponse): void;
}

export interface BodyRoomOptions {
  maxBytes: number;
  /** The largest body that is taken at all. */
  bodyBytesMax: number;
  /** Whether a body is kept until it is answered, and not only while it is read. */
  until: 'read' | 'answered';
}

export function createBodyRoom(ctx: Context, options: BodyRoomOptions): BodyRoom {
  const { maxBytes, bodyBytesMax, until } = options;
  const warn = createRareWarning(ctx, 'more bodies are being read than there is room for: answered 503');
  let taken = 0;
  return {
    enter(request, response) {
      const bytes = bytesOf(request, bodyBytesMax);
      if (bytes === 0) return;
      if (taken + bytes > maxBytes) {
        warn();
        throw new KurirError(
          'service_unavailable',
          'Too many bodies are being read at the moment: repeat the request with the same key.',
          { retryAfterMs: 1_000 },
        );
      }
      taken += bytes;
      const end = until === 'read' ? request : response;
      end.once('close', () => void (taken -= bytes));
    },
  };
}

function bytesOf({ headers }: IncomingMessage, bodyBytesMax: number): number {
  if (headers['transfer-encoding'] !== undefined) return bodyBytesMax;
  // What is larger is refused unread.
  const bytes = Number(headers['content-length'] ?? 0);
  return bytes > bodyBytesMax ? 0 : bytes;
}
