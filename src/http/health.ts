// /health says that the process answers; /health/ready that it can do its work: database, migrations, lanes.
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';

import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { countOwned } from '../lanes/lease.ts';
import { isMigrated } from '../storage/migrate.ts';

export interface ReadyState {
  stopping: () => boolean;
  started: () => boolean;
  diskIsLow: () => boolean;
  /** Why media are not kept; undefined where they are. */
  mediaTrouble: () => string | undefined;
  /** Why Meta cannot be reached; undefined when it can. */
  metaIsLost: () => string | undefined;
}

export function mountHealth(app: FastifyInstance, ctx: Context, state: ReadyState): void {
  const ok = (requestId: string): object => ({ data: { status: 'ok' }, request_id: requestId });
  for (const url of ['/health', '/v1/health']) answer(app, url, async (request) => ok(request.id));
  answer(app, '/health/ready', async (request, reply) => {
    const checks = await look(ctx, state);
    const ready = checks.every((check) => check.ok);
    return reply
      .code(ready ? 200 : 503)
      .send({ data: { status: ready ? 'ready' : 'not_ready', checks }, request_id: request.id });
  });
}

// Watchers ask in both ways.
function answer(app: FastifyInstance, url: string, handler: RouteHandlerMethod): void {
  app.route({ method: ['GET', 'HEAD'], url, handler });
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url,
    handler(request, reply) {
      reply.header('Allow', 'GET, HEAD');
      throw new KurirError(
        'method_not_allowed',
        `${request.method} does nothing here: ask with GET or HEAD.`,
      );
    },
  });
}

interface Check {
  name: string;
  ok: boolean;
  detail?: string;
}

async function look(ctx: Context, state: ReadyState): Promise<Check[]> {
  if (state.stopping()) return [{ name: 'gateway', ok: false, detail: 'is stopping' }];
  if (state.diskIsLow()) return [{ name: 'disk', ok: false, detail: 'is nearly full' }];
  const outage = ctx.db.outage();
  if (outage) return [{ name: 'database', ok: false, detail: `is ${outage.kind}` }];
  try {
    const migrated = await isMigrated(ctx.db);
    const lanes = await countOwned(ctx);
    const lost = state.metaIsLost();
    const trouble = state.mediaTrouble();
    return [
      { name: 'database', ok: true },
      { name: 'migrations', ok: migrated, ...(migrated ? {} : { detail: 'run "kurir migrate"' }) },
      // Lanes of other nodes are theirs to be ready for: ours are taken when the gateway has started.
      { name: 'lanes', ok: state.started(), detail: `${lanes.owned} of ${lanes.all} owned` },
      // Told, but no ground to take the node away: what comes is accepted and kept.
      ...(lost === undefined ? [] : [{ name: 'meta', ok: true, detail: lost }]),
      ...(trouble === undefined ? [] : [{ name: 'media', ok: true, detail: trouble }]),
    ];
  } catch {
    return [{ name: 'database', ok: false, detail: 'does not answer' }];
  }
}
