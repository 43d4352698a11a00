// PostgreSQL refuses to run as root. Started by root it runs as a system user of its own, which is made where it is
// missing; everything that it reads must lie where that user may enter.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

export interface SystemUser {
  uid: number;
  gid: number;
}

const NAME = 'kurir-postgres';

/** The user PostgreSQL runs as; undefined where we are no root and it runs as ourselves. */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const present = lookUp();
  if (present) return present;
  spawnSync('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    NAME,
  ]);
  // Looked up whatever useradd said: another start may have made it at the same moment.
  const made = lookUp();
  if (made) return made;
  throw new Error(
    `PostgreSQL cannot run as root, and the system user ${NAME} cannot be made (useradd). Make it, run Kurir as an ordinary user, or set DATABASE_URL.`,
  );
}

/** Who must run a PostgreSQL on a folder that is there already: its owner; undefined where that is ourselves. */
export function ownerOf(folder: string): SystemUser | undefined {
  const { uid, gid } = statSync(folder);
  const we = process.getuid?.();
  if (we === undefined || we === uid) return undefined;
  if (we === 0) return { uid, gid };
  throw new Error(
    `${folder} belongs to another user (uid ${uid}). Start Kurir as that user or as root, or give KURIR_DATA_DIR a folder of your own.`,
  );
}

/** Whether `user` (undefined: who runs us) may enter the folder. */
export function mayEnter(folder: string, user: SystemUser | undefined): boolean {
  if (!user) return true;
  return (
    spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...user, cwd: '/', env: {} }).status === 0
  );
}

function lookUp(): SystemUser | undefined {
  const uid = idOf('-u');
  const gid = idOf('-g');
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function idOf(flag: '-u' | '-g'): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, NAME], { encoding: 'utf8' });
  return status === 0 && /^\d+\s*$/.test(stdout) ? Number(stdout) : undefined;
}
