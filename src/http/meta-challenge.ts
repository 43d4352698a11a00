// Meta's challenge: how it asks whether the address of an app's webhooks is ours.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { KurirError } from '../kernel/errors.ts';
import { equalSecrets } from '../kernel/secrets.ts';
import type { AppDirectory } from '../organisations/app-directory.ts';

const CHALLENGE_CHARACTERS_MAX = 500;

/** Where Meta's webhooks come in: of the default app, or of one by its id. */
export const META_PATHS = ['/webhooks/meta', '/webhooks/meta/:app'] as const;

export function mountMetaChallenge(app: FastifyInstance, apps: AppDirectory): void {
  for (const path of META_PATHS) app.get(path, (request, reply) => challenge(apps, request, reply));
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

function appOf(request: FastifyRequest): string | undefined {
  const app = isRecord(request.params) ? request.params['app'] : undefined;
  return typeof app === 'string' && app !== '' ? app : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
