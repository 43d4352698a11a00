// The door Meta's webhooks come through, before the framework: three of four requests of a busy gateway are theirs, and they need nothing
// of it (measured: a tenth of the gateway's processor time). Bodies are kept as raw bytes: a signature is over bytes.
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Context } from '../context.ts';
import { renderKirimError } from '../dialects/kirim/errors.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Receiver } from '../inbound/receive.ts';
import type { Log } from '../kernel/log.ts';
import type { Hearing } from '../lanes/hearing.ts';
import { createBodyRoom } from './body-room.ts';
import type { ReadyState } from './health.ts';
import { levelOfRefusal, toKurirError } from './to-kurir-error.ts';

/** Meta posts up to 3 MB (docs: webhooks overview). */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const PATH = /^\/webhooks\/meta(?:\/([\w-]{1,100}))?\/?(?:\?|$)/;

export interface DoorParts {
  receiver: Receiver;
  hearing: Hearing;
  log: Log;
  state: ReadyState;
}

/** Answers a request that is Meta's post of a webhook; false when it is not, and nothing was done with it. */
export type MetaDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createMetaDoor(ctx: Context, parts: DoorParts): MetaDoor {
  const bodies = createBodyRoom(ctx, {
    maxBytes: ctx.config.bodiesMaxMb * 1024 * 1024,
    bodyBytesMax: BODY_BYTES_MAX,
    until: 'answered',
  });

  function refuse(response: ServerResponse, error: unknown): void {
    const refusal = toKurirError(error);
    const requestId = newId('req', ctx.clock.now());
    const isOurs = refusal.status >= 500;
    parts.log[isOurs ? levelOfRefusal(refusal) : 'warn'](
      { requestId, code: refusal.code, ...(isOurs ? { err: refusal.cause } : {}) },
      'a webhook was refused',
    );
    const answer = renderKirimError(refusal, { requestId });
    // What was not read to its end would be taken for the next request.
    const close = response.req.complete ? {} : { Connection: 'close' };
    const type = { 'Content-Type': 'application/json; charset=utf-8', 'X-Request-Id': requestId };
    response.writeHead(answer.status, { ...type, ...answer.headers, ...close });
    response.end(JSON.stringify(answer.body));
  }

  function enter(request: IncomingMessage, response: ServerResponse): boolean {
    try {
      if (parts.state.stopping())
        throw new KurirError('service_unavailable', 'The gateway is stopping.', { retryAfterMs: 2_000 });
      bodies.enter(request, response);
      return true;
    } catch (error) {
      // Perhaps it was Meta's, and then we did not hear it.
      const refused = (): void => refuse(response, error);
      void parts.hearing.refused().then(refused, refused);
      return false;
    }
  }

  async function take(
    request: IncomingMessage,
    response: ServerResponse,
    appId: string | undefined,
  ): Promise<void> {
    try {
      const body = await readBody(request);
      await parts.receiver.receive({ appId, body, signature: request.headers['x-hub-signature-256'] });
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 2 });
      response.end('ok');
    } catch (error) {
      refuse(response, error);
    }
  }

  return (request, response) => {
    const appId = appOf(request);
    if (appId === null) return false;
    if (enter(request, response)) void take(request, response, appId);
    return true;
  };
}

/** The app that is named by the path, undefined for the default one; null where it is not the path and method of the door. */
function appOf({ method, url = '' }: IncomingMessage): string | undefined | null {
  const path = method === 'POST' ? PATH.exec(url) : null;
  return path ? path[1] : null;
}

/** Reads a body of any type to its end; rejects when it is too large, or its connection breaks before. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else reject(tooLarge());
    });
    // Nearly always it comes in one piece.
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
    return undefined;
  });
}

function tooLarge(): KurirError {
  return new KurirError('request_too_large', 'The body is larger than this endpoint takes.');
}
