// The door Meta's webhooks come through: the challenge, and the signed posts. Bodies are kept as raw bytes: a signature is over bytes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Context } from '../context.ts';
import { renderKirimError } from '../dialects/kirim/errors.ts';
import { KurirError } from '../kernel/errors.ts';
import { equalSecrets } from '../kernel/secrets.ts';
import type { Receiver } from '../inbound/receive.ts';
import type { Log } from '../kernel/log.ts';
import type { Hearing } from '../lanes/hearing.ts';
import type { AppDirectory } from '../organisations/app-directory.ts';
import { createBodyRoom, type BodyRoom } from './body-room.ts';
import { levelOfRefusal, toKurirError } from './to-kurir-error.ts';

/** Meta posts up to 3 MB (docs: webhooks overview). */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const CHALLENGE_CHARACTERS_MAX = 500;

export interface DoorParts {
  receiver: Receiver;
  apps: AppDirectory;
  hearing: Hearing;
  log: Log;
}

export function mountMetaDoor(app: FastifyInstance, ctx: Context, parts: DoorParts): void {
  const bodies = createBodyRoom(ctx, {
    maxBytes: ctx.config.bodiesMaxMb * 1024 * 1024,
    bodyBytesMax: BODY_BYTES_MAX,
    until: 'answered',
  });
  app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
        (_request, body, done) => done(null, body),
      );
      scope.setErrorHandler((error, request, reply) => {
        const refusal = toKurirError(error);
        parts.log[refusal.status >= 500 ? levelOfRefusal(refusal) : 'warn'](
          {
            requestId: request.id,
            code: refusal.code,
            ...(refusal.status >= 500 ? { err: refusal.cause } : {}),
          },
          'a webhook was refused',
        );
        const answer = renderKirimError(refusal, { requestId: request.id });
        return reply
          .code(answer.status)
          .headers(answer.headers ?? {})
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(answer.body));
      });
      for (const path of ['/', '/:app']) {
        scope.get(path, (request, reply) => challenge(parts.apps, request, reply));
        scope.post(path, {
          bodyLimit: BODY_BYTES_MAX,
          onRequest: (request, reply, done) => enter(bodies, parts.hearing, { request, reply, done }),
          handler: (request, reply) => receive(parts.receiver, request, reply),
        });
      }
    },
    { prefix: '/webhooks/meta' },
  );
}

function enter(
  bodies: BodyRoom,
  hearing: Hearing,
  { request, reply, done }: { request: FastifyRequest; reply: FastifyReply; done: (error?: Error) => void },
): void {
  try {
    bodies.enter(request, reply);
  } catch (error) {
    // Perhaps it was Meta's, and then we did not hear it.
    const refuse = (): void => done(toKurirError(error));
    return void hearing.refused().then(refuse, refuse);
  }
  done();
}

async function challenge(
  apps: AppDirectory,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = isRecord(request.query) ? request.query : {};
  const token = query['hub.verify_token'];
  const echo = query['hub.challenge'];
  const app = await apps.findApp(appOf(request));
  if (!app) throw new KurirError('resource_not_found', 'There is no such app.');
  if (
    query['hub.mode'] !== 'subscribe' ||
    typeof token !== 'string' ||
    !equalSecrets(token, app.verifyToken)
  ) {
    throw new KurirError('verification_failed', 'hub.verify_token is not the verify token of this app.');
  }
  if (typeof echo !== 'string' || echo === '' || echo.length > CHALLENGE_CHARACTERS_MAX) {
    throw new KurirError('missing_required_field', 'hub.challenge is required.', { param: 'hub.challenge' });
  }
  return reply.type('text/plain; charset=utf-8').header('X-Content-Type-Options', 'nosniff').send(echo);
}

async function receive(
  receiver: Receiver,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  await receiver.receive({ appId: appOf(request), body, signature: request.headers['x-hub-signature-256'] });
  return reply.code(200).type('text/plain; charset=utf-8').send('ok');
}

function appOf(request: FastifyRequest): string | undefined {
  const app = isRecord(request.params) ? request.params['app'] : undefined;
  return typeof app === 'string' && app !== '' ? app : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
