// Commands on tables: they connect to the database of DATABASE_URL, else to that of the gateway which runs on the data
// directory, else they start its PostgreSQL for their own run. The schema is brought up to date first. Only a command that adds something
// makes a new database: the others would find nothing in it.
import { setTimeout as pause } from 'node:timers/promises';

import { ConfigError, readConfig, type Chosen, type Config } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { createSecrets, type Secrets } from '../config/secrets.ts';
import { SECRET_SETTINGS } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { openContext } from '../context.ts';
import { systemClock } from '../kernel/clock.ts';
import { createLog } from '../kernel/log.ts';
import {
  DirectoryHeld,
  isUnused,
  openDataDirectory,
  readGeneratedSecret,
  readRuntime,
  type Runtime,
} from '../storage/data-directory.ts';
import { startEmbeddedPostgres } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { CommandError, EXIT } from './complain.ts';
import { publicUrlOf } from './describe-places.ts';
import { settleSecret } from './settle-secret.ts';

export async function withTables<Result>(
  act: (ctx: Context) => Promise<Result>,
  { migrated = true, begins = false }: { migrated?: boolean; begins?: boolean } = {},
): Promise<Result> {
  const chosen = readConfig(processEnvironment(), 'production');
  if (!begins) requireData(chosen);
  await using stack = new AsyncDisposableStack();
  const ctx = openContext({ ...(await findDatabase(chosen, stack)), log: createLog('silent') });
  stack.defer(() => ctx.db.close());
  if (migrated) await migrate(ctx.db);
  return await act(ctx);
}

function requireData({ config }: Chosen): void {
  const { dataDir } = config;
  // Who runs there may have its database elsewhere.
  if (config.databaseUrl !== undefined || readRuntime(dataDir) || !isUnused(dataDir)) return;
  throw new CommandError({
    exitCode: EXIT.unavailable,
    code: NO_DATA,
    message: `There is no data in ${dataDir} yet. Start Kurir there (kurir dev, or kurir start), or say where it keeps its data: KURIR_DATA_DIR, or DATABASE_URL.`,
  });
}

/** The code of the complaint that nothing was begun yet. */
export const NO_DATA = 'no_data';

interface Place {
  config: Config;
  secrets: Secrets;
  databaseUrl: string;
}

const ATTACH_WAIT_MS = 15_000;
const ATTACH_PAUSE_MS = 50;

async function findDatabase(chosen: Chosen, stack: AsyncDisposableStack): Promise<Place> {
  const { config, secrets } = chosen;
  if (config.databaseUrl !== undefined && secrets)
    return { config, secrets, databaseUrl: config.databaseUrl };
  const until = systemClock.monotonic() + ATTACH_WAIT_MS;
  for (;;) {
    const runtime = readRuntime(config.dataDir);
    if (runtime) return attach(chosen, runtime);
    try {
      return await startOwn(chosen, stack);
    } catch (error) {
      // A gateway that is just starting, or another command, holds the directory for a moment.
      if (!(error instanceof DirectoryHeld) || systemClock.monotonic() > until) throw error;
      await pause(ATTACH_PAUSE_MS);
    }
  }
}

function attach({ config, secrets }: Chosen, runtime: Runtime): Place {
  const generated = runtime.generatedSecret ? readGeneratedSecret(config.dataDir) : undefined;
  const used = generated === undefined ? secrets : createSecrets(generated);
  if (!used) {
    const { name, example } = SECRET_SETTINGS.secret;
    throw new ConfigError([
      {
        name,
        problem: `is not set, but the gateway that runs, ${runtime.url}, was started with one`,
        example,
      },
    ]);
  }
  // In development Meta is the simulator that the running gateway talks to; where no public address was set, it is that gateway's.
  return {
    config: { ...config, graphUrl: runtime.graphUrl, publicUrl: publicUrlOf(config, runtime) },
    secrets: used,
    databaseUrl: runtime.databaseUrl,
  };
}

async function startOwn({ config, secrets }: Chosen, stack: AsyncDisposableStack): Promise<Place> {
  const directory = stack.use(await openDataDirectory(config.dataDir, { waitMs: 0, gatewayWaitMs: 0 }));
  const postgres = stack.use(
    await startEmbeddedPostgres({ dataDir: config.dataDir, log: createLog('silent') }),
  );
  return {
    config,
    secrets: await settleSecret(secrets, directory, postgres.url),
    databaseUrl: postgres.url,
  };
}
