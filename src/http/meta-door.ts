// The door Meta's webhooks come through, before the framework: three of four requests of a busy gateway are theirs, and they need nothing
// of it (measured: a tenth of the gateway's processor time). Bodies are kept as raw bytes: a signature is over bytes.
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Context } from '../context.ts';
import { renderKirimError } from '../dialects/kirim/errors.ts';
import { KurirError, REFUSALS } from '../kernel/errors.ts';
import { newId, type RequestId } from '../kernel/ids.ts';
import type { Receiver } from '../inbound/receive.ts';
import type { Log } from '../kernel/log.ts';
import type { Hearing } from '../lanes/hearing.ts';
import { createBodyRoom } from './body-room.ts';
import type { ReadyState } from './health.ts';
import { META_PATHS } from './meta-challenge.ts';
import { levelOfRefusal, toKurirError } from './to-kurir-error.ts';

/** Meta posts up to 3 MB (docs: webhooks overview). */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const OK = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 2 };
const PATH = /^\/webhooks\/meta(?:\/([\w-]{1,100}))?\/?(?:\?|$)/;

export interface DoorParts {
  receiver: Receiver;
  hearing: Hearing;
  log: Log;
  state: ReadyState;
}

export interface MetaDoor {
  /** Takes a request if it is plainly a post of Meta's; false when it is not, and nothing was done with it. */
  takes(request: IncomingMessage, response: ServerResponse): boolean;
  /** The same by the framework's routes, for addresses that are written in another way. */
  mount(app: FastifyInstance): void;
}

export function createMetaDoor(ctx: Context, parts: DoorParts): MetaDoor {
  const bodies = createBodyRoom(ctx, {
    maxBytes: ctx.config.bodiesMaxMb * 1024 * 1024,
    bodyBytesMax: BODY_BYTES_MAX,
    until: 'answered',
  });
  const isDebugged = ctx.log.isLevelEnabled('debug');

  async function take({ request, response, requestId, appId }: Post): Promise<void> {
    if (isDebugged) logAnswer(ctx, request, { response, requestId });
    try {
      await enter(request, response);
      const body = await readBody(request);
      await parts.receiver.receive({ appId, body, signature: request.headers['x-hub-signature-256'] });
      response.writeHead(200, { ...OK, 'X-Request-Id': requestId });
      response.end('ok');
    } catch (error) {
      refuse(parts.log, response, { refusal: toKurirError(error), requestId });
    }
  }

  // No promise where there is room.
  function enter(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    try {
      if (parts.state.stopping())
        throw new KurirError('service_unavailable', 'The gateway is stopping.', { retryAfterMs: 2_000 });
      bodies.enter(request, response);
      return undefined;
    } catch (error) {
      // Perhaps it was Meta's, and then we did not hear it.
      return parts.hearing.refused().then(() => Promise.reject(error));
    }
  }

  function post(request: IncomingMessage, response: ServerResponse, appId: string | undefined): void {
    void take({ request, response, requestId: newId('req', ctx.clock.now()), appId });
  }

  return {
    takes(request, response) {
      const path = request.method === 'POST' ? PATH.exec(request.url ?? '') : null;
      if (path) post(request, response, path[1]);
      return path !== null;
    },
    mount(app) {
      app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, _body, done) => done(null));
        for (const path of META_PATHS)
          scope.post<{ Params: { app?: string } }>(path, (request, reply) => {
            reply.hijack();
            post(request.raw, reply.raw, request.params.app);
          });
      });
    },
  };
}

interface Post {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: RequestId;
  appId: string | undefined;
}

function refuse(
  log: Log,
  response: ServerResponse,
  { refusal, requestId }: { refusal: KurirError; requestId: RequestId },
): void {
  const isOurs = refusal.status >= 500;
  log[isOurs ? levelOfRefusal(refusal) : 'warn'](
    { requestId, code: refusal.code, ...(isOurs ? { err: refusal.cause } : {}) },
    'a webhook was refused',
  );
  if (response.headersSent) return void response.destroy();
  const answer = renderKirimError(refusal, { requestId });
  const body = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestId,
    ...answer.headers,
    // What is left unread of others is read and thrown away; of this it would be without end.
    ...(refusal.code === 'request_too_large' ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

function logAnswer(
  { clock, log }: Context,
  { method }: IncomingMessage,
  { response, requestId }: Pick<Post, 'response' | 'requestId'>,
): void {
  const since = clock.monotonic();
  response.once('finish', () => {
    const ms = Math.round(clock.monotonic() - since);
    log.debug({ requestId, method, route: '/webhooks/meta', status: response.statusCode, ms }, 'request');
  });
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
  return new KurirError('request_too_large', REFUSALS.request_too_large.meaning);
}
