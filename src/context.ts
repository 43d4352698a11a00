// What every verb is handed first: the few things that the whole house shares, made once in gateway.ts.
import type { Config } from './config/config.ts';
import type { Clock } from './kernel/clock.ts';
import type { Log } from './kernel/log.ts';
import type { Random } from './kernel/random.ts';
import type { Sealer } from './kernel/secrets.ts';
import type { Database } from './storage/db.ts';

export interface Context {
  config: Config;
  db: Database;
  clock: Clock;
  random: Random;
  sealer: Sealer;
  log: Log;
}
