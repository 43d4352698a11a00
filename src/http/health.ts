// /health says that the process answers; /health/ready that it can do its work: database, migrations, lanes.
import type { FastifyInstance } from 'fastify';

import type { Context } from '../context.ts';
import { countOwned } from '../lanes/lease.ts';
import { isMigrated } from '../storage/migrate.ts';

export interface ReadyState {
  stopping: () => boolean;
  started: () => boolean;
  diskIsLow: () => boolean;
  /** Why Meta cannot be reached; undefined when it can. */
  metaIsLost: () => string | undefined;
}

export function mountHealth(app: FastifyInstance, ctx: Context, state: ReadyState): void {
  const ok = (requestId: string): object => ({ data: { status: 'ok' }, request_id: requestId });
  app.get('/health', async (request) => ok(request.id));
  app.get('/v1/health', async (request) => ok(request.id));
  app.get('/health/ready', async (request, reply) => {
    const checks = await look(ctx, state);
    const ready = checks.every((check) => check.ok);
    return reply
      .code(ready ? 200 : 503)
      .send({ data: { status: ready ? 'ready' : 'not_ready', checks }, request_id: request.id });
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
    return [
      { name: 'database', ok: true },
      { name: 'migrations', ok: migrated, ...(migrated ? {} : { detail: 'run "kurir migrate"' }) },
      // Lanes of other nodes are theirs to be ready for: ours are taken when the gateway has started.
      { name: 'lanes', ok: state.started(), detail: `${lanes.owned} of ${lanes.all} owned` },
      // Told, but no ground to take the node away: what comes is accepted and kept.
      ...(lost === undefined ? [] : [{ name: 'meta', ok: true, detail: lost }]),
    ];
  } catch {
    return [{ name: 'database', ok: false, detail: 'does not answer' }];
  }
}
