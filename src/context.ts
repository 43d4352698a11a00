// What every verb is handed first: the few things that the whole house shares, made once.
import type { Config } from './config/config.ts';
import type { Secrets } from './config/secrets.ts';
import { systemClock, type Clock } from './kernel/clock.ts';
import { createLog, type Log } from './kernel/log.ts';
import { systemRandom, type Random } from './kernel/random.ts';
import { createSealer, type Sealer } from './kernel/secrets.ts';
import { levelOf, openDatabase, type Database } from './storage/db.ts';

export interface Context {
  config: Config;
  db: Database;
  clock: Clock;
  random: Random;
  sealer: Sealer;
  log: Log;
}

export interface ContextInput {
  config: Config;
  secrets: Secrets;
  databaseUrl: string;
  schema?: string;
  clock?: Clock;
  random?: Random;
  log?: Log;
}

/** Opens a context: what verbs need, without anything running. Commands on tables use it alone. */
export function openContext(input: ContextInput, onOutageEnd?: () => void): Context {
  const log = input.log ?? createLog(input.config.logLevel);
  const db = openDatabase({
    url: input.databaseUrl,
    connections: input.config.databaseConnections,
    onIdleError: (error) => log[levelOf(error)]({ err: error }, 'a connection to the database broke'),
    onOutage: ({ kind }, cause) =>
      log.error(
        { kind, err: cause },
        'the database takes nothing: what needs it is answered 503 until it does',
      ),
    onOutageEnd({ kind }, lastedMs) {
      log.info({ kind, lastedMs: Math.round(lastedMs) }, 'the database takes what is written again');
      onOutageEnd?.();
    },
    ...(input.schema === undefined ? {} : { schema: input.schema }),
  });
  return {
    config: input.config,
    db,
    clock: input.clock ?? systemClock,
    random: input.random ?? systemRandom,
    sealer: createSealer(input.secrets.sealing),
    log,
  };
}
