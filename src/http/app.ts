// The HTTP server: limits and time-outs (all set: the framework's defaults are not safe), the parsing of bodies, request ids, and what is
// mounted where. Errors that never reach a route are rendered by their path.
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onResponseHookHandler,
} from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import type { Context } from '../context.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { renderKirimError, kirimUnknownPath } from '../dialects/kirim/errors.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { parseJson } from '../kernel/json.ts';
import type { MediaFiles } from '../media/media-files.ts';
import { BODY_MS, FILE_BODY_MS, limitBodyTime } from './body-time.ts';
import { createBodyRoom } from './body-room.ts';
import { mountHealth } from './health.ts';
import { mountMedia } from './media-door.ts';
import { mountDialect, type MountParts } from './mount-dialect.ts';
import type { AppDirectory } from '../organisations/app-directory.ts';
import { mountMetaChallenge } from './meta-challenge.ts';
import { createMetaDoor, type DoorParts } from './meta-door.ts';
import { logFailure, toKurirError } from './to-kurir-error.ts';

const IDLE_SWEEP_MS = 50;
const BODY_BYTES_MAX = 256 * 1024;
const PARAM_CHARACTERS_MAX = 300;
const HEADERS_TIMEOUT_MS = 10_000;

export interface AppParts extends Omit<MountParts, 'bodies'>, DoorParts {
  dialects: readonly Dialect[];
  apps: AppDirectory;
  files: MediaFiles;
}

export function createApp(parts: AppParts): FastifyInstance {
  const { ctx } = parts.rooms;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: FILE_BODY_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    maxRequestsPerSocket: 0,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    return503OnClosing: false,
    onProtoPoisoning: 'ignore',
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX, ignoreTrailingSlash: true },
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 2_000, maxHeaderSize: 16_384 },
    genReqId: () => newId('req', ctx.clock.now()),
    frameworkErrors(error, request, reply) {
      answerError(parts, error, { request, reply });
    },
    clientErrorHandler: (error, socket) => answerSocket(ctx.clock.now(), error, socket),
  });
  app.decorateRequest('caller', undefined);
  app.decorateRequest('budgetHeaders', undefined);
  app.decorateRequest('json', undefined);
  app.server.maxConnections = ctx.config.connectionsMax;
  takeJson(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    if (!parts.state.stopping()) return done();
    done(
      new KurirError('service_unavailable', 'The gateway is stopping: repeat with the same key.', {
        retryAfterMs: 2_000,
      }),
    );
  });
  // What failed is told where it fails; that there were requests at all, only to who asks for it.
  if (ctx.log.isLevelEnabled('debug')) app.addHook('onResponse', logRequest(ctx));
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(parts, error, { request, reply }));
  app.setNotFoundHandler((request, reply) => {
    const dialect = dialectOf(parts.dialects, request.url);
    const path = request.url.split('?', 1)[0] ?? '';
    const about = { requestId: request.id, method: request.method, path, methods: [] };
    const answer = dialect ? dialect.unknownPath(about) : kirimUnknownPath(about);
    return reply.code(answer.status).send(answer.body);
  });
  mountHealth(app, ctx, parts.state);
  mountMedia(app, ctx, parts.files);
  mountMetaChallenge(app, parts.apps);
  const door = createMetaDoor(ctx, parts);
  door.mount(app);
  app.server.removeAllListeners('request').on('request', (request, response) => {
    if (!door.takes(request, response)) app.routing(request, response);
  });
  limitBodyTime(app.server, BODY_MS);
  // Callers have a room of their own: however many there are, Meta finds its own free.
  const bodies = createBodyRoom(ctx, {
    maxBytes: ctx.config.bodiesMaxMb * 1024 * 1024,
    bodyBytesMax: BODY_BYTES_MAX,
    until: 'read',
  });
  for (const dialect of parts.dialects) mountDialect(app, dialect, { ...parts, bodies });
  return app;
}

/** Closes the server when what was asked is answered, at the latest after `withinMs`: a request that is never sent to its end would hold
 *  it open for ever, since a server that closes watches its time-outs no more. A connection that was busy at its close falls idle only
 *  afterwards, and would hold it open for as long as connections are kept: it is closed as soon as it is idle. */
export async function closeApp(app: FastifyInstance, withinMs: number): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS);
  const late = setTimeout(() => app.server.closeAllConnections(), withinMs);
  await app.close().finally(() => {
    clearInterval(sweep);
    clearTimeout(late);
  });
}

function logRequest({ log }: Context): onResponseHookHandler {
  return (request, reply, done) => {
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
    done();
  };
}

// Bodies are JSON, checked for what a database or Meta would choke on, and nothing else.
function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/([\w.+-]+\+)?json\s*(;|$)/i,
    { parseAs: 'buffer' },
    // No promise: there is nothing to wait for.
    (request: FastifyRequest, body: Buffer, done) => done(takeBody(request, body)),
  );
}

function takeBody(request: FastifyRequest, body: Buffer): KurirError | null {
  // A client that names a type for whatever it sends names it for nothing, too.
  if (body.length === 0) return null;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return new KurirError('unsupported_media_type', 'Content-Encoding is not taken: send the body as it is.');
  try {
    request.json = parseJson(body);
    return null;
  } catch (error) {
    return toKurirError(error);
  }
}

function answerError(
  parts: AppParts,
  error: unknown,
  http: { request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const { request, reply } = http;
  const refusal = toKurirError(error);
  logFailure(parts.log, refusal, request.id);
  const dialect = dialectOf(parts.dialects, request.url);
  const about = { requestId: request.id, method: request.method, path: request.url };
  const answer = dialect ? dialect.renderError(refusal, about) : renderKirimError(refusal, about);
  return reply
    .code(answer.status)
    .header('X-Request-Id', request.id)
    .headers(answer.headers ?? {})
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer.body));
}

function dialectOf(dialects: readonly Dialect[], url: string): Dialect | undefined {
  const name = url.startsWith('/meta/whatsapp/')
    ? 'kapso'
    : /^\/v\d+\.\d+(\/|$|\?)/.test(url)
      ? 'graph'
      : 'kirim';
  return dialects.find((dialect) => dialect.name === name);
}

// The request could not even be read: answered on the bare socket, in the envelope of the kirim dialect.
function answerSocket(now: number, error: Error, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const requestId = newId('req', now);
  const answer = renderKirimError(toKurirError(error), { requestId });
  const body = JSON.stringify(answer.body);
  const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\nX-Request-Id: ${requestId}\r\nContent-Type: application/json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
