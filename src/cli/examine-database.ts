// What `kurir doctor` asks the database: whether it is new enough, and whether a commit is one.
import type { Context } from '../context.ts';
import { isMigrated } from '../storage/migrate.ts';
import type { Finding } from './finding.ts';

const VERSION_MIN = 150_000;

export async function examineDatabase({ db }: Context, place: string): Promise<Finding[]> {
  const [row] = await db.query<Record<string, string>>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version,
            current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
            current_setting('full_page_writes') as full_page_writes`,
  );
  const { number = '0', version = 'unknown', ...durability } = row ?? {};
  return [
    examineVersion(Number(number), version, place),
    ...examineDurability(durability),
    await examineSchema(db),
  ];
}

function examineVersion(number: number, version: string, place: string): Finding {
  if (number >= VERSION_MIN)
    return { name: 'database', state: 'ok', says: `PostgreSQL ${version} answers (${place})` };
  return {
    name: 'database',
    state: 'failed',
    says: `PostgreSQL ${version} is too old (${place})`,
    todo: 'Move to PostgreSQL 15 or newer.',
  };
}

function examineDurability(settings: Record<string, string>): Finding[] {
  const off = Object.entries(settings).filter(([, value]) => value === 'off' || value === 'local');
  if (off.length === 0) return [{ name: 'durability', state: 'ok', says: 'what is committed stays' }];
  return off.map(([name, value]) => ({
    name: 'durability',
    state: value === 'local' ? 'warning' : 'failed',
    says: `${name} is ${value}: accepted messages may be lost in a crash`,
    todo: `Set ${name} = on in postgresql.conf, for the database and for its user.`,
  }));
}

async function examineSchema(db: Context['db']): Promise<Finding> {
  if (await isMigrated(db)) return { name: 'schema', state: 'ok', says: 'is up to date' };
  return {
    name: 'schema',
    state: 'failed',
    says: 'is not what this Kurir expects',
    todo: 'Run `kurir migrate` of the newest Kurir in use.',
  };
}
