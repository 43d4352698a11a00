// A gateway on its data directory, from lock to stop: directory → PostgreSQL → migrations → gateway → runtime.json, and
// back in the opposite order. `dev` and `start` are this with different preparations.
import { webAddress, type Chosen } from '../config/config.ts';
import { openContext, type Context } from '../context.ts';
import { createGateway } from '../gateway.ts';
import { createLog } from '../kernel/log.ts';
import { requireFittingSecret } from '../organisations/sealed-secrets.ts';
import type { DataDirectory } from '../storage/data-directory.ts';
import { startEmbeddedPostgres } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { settleSecret } from './settle-secret.ts';

export interface RunningNode {
  url: string;
  /** Takes no more requests, ends what is under way, stops PostgreSQL, gives the directory up. */
  stop(): Promise<void>;
}

export interface NodeInput extends Chosen {
  directory: DataDirectory;
  /** Done on the migrated database, before the gateway starts. */
  prepare?: (ctx: Context) => Promise<void>;
}

/** Starts a node in a directory that we hold; a start that fails leaves nothing running. */
export async function startNode(input: NodeInput): Promise<RunningNode> {
  const { config, directory } = input;
  const log = createLog(config.logLevel);
  await using stack = new AsyncDisposableStack();
  stack.use(directory);
  let runtime: Parameters<DataDirectory['writeRuntime']>[0] | undefined;
  const onRestart = (postgresPid: number) => {
    if (runtime) directory.writeRuntime((runtime = { ...runtime, postgresPid }));
  };
  const postgres =
    config.databaseUrl === undefined
      ? await startEmbeddedPostgres({ dataDir: directory.path, log, onRestart })
      : undefined;
  if (postgres) stack.use(postgres);
  const databaseUrl = config.databaseUrl ?? postgres?.url ?? '';
  const secrets = await settleSecret(input.secrets, directory, databaseUrl);
  const opening = {
    config,
    secrets,
    databaseUrl,
    nodeId: directory.nodeId,
    log,
    ...(postgres === undefined ? {} : { databaseFolder: postgres.folder }),
  };
  await prepareDatabase(openContext(opening), input.prepare);
  const gateway = stack.use(await createGateway(opening));
  // Of 0.0.0.0 nothing can be asked.
  const url = webAddress(config.host, Number(new URL(gateway.url).port));
  const postgresPid = postgres?.pid ?? null;
  runtime = {
    url,
    publicUrl: config.publicUrl === webAddress(config.host, config.port) ? url : config.publicUrl,
    databaseUrl,
    postgresPid,
    graphUrl: config.graphUrl,
    generatedSecret: !input.secrets,
  };
  directory.writeRuntime(runtime);
  const running = stack.move();
  const stop = (): Promise<void> => {
    runtime = undefined;
    directory.forgetRuntime();
    return running.disposeAsync();
  };
  return { url, stop };
}

async function prepareDatabase(ctx: Context, prepare: NodeInput['prepare']): Promise<void> {
  try {
    await migrate(ctx.db);
    // Before anything is sealed anew, and before anybody is let in.
    await requireFittingSecret(ctx);
    await prepare?.(ctx);
  } finally {
    await ctx.db.close();
  }
}
