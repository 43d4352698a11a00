// The data of the embedded PostgreSQL: made once in a temporary folder and renamed when complete, so that a start that is
// killed half-way leaves nothing that looks finished. Below root's home, where PostgreSQL's user may not enter, the data
// lies in /var/lib/kurir and `<dataDir>/postgres` links to it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { embeddedBinaries, type EmbeddedBinaries } from './embedded-binaries.ts';
import { keptText, syncFolder } from './private-file.ts';
import { mayEnter, ownerOf, postgresUser, type SystemUser } from './system-user.ts';

export interface EmbeddedCluster {
  /** Where the data is, links resolved. */
  folder: string;
  password: string;
  user: SystemUser | undefined;
  binaries: EmbeddedBinaries;
}

export const SUPERUSER = 'kurir';

const SYSTEM_DIR = '/var/lib/kurir';
const UNFINISHED = 'postgres.unfinished-';

/** The cluster of `dataDir`, made when there is none. Only the holder of the directory's lock may call this. */
export async function embeddedCluster(dataDir: string): Promise<EmbeddedCluster> {
  const link = join(dataDir, 'postgres');
  const present = presentFolder(link);
  const user = present === undefined ? postgresUser() : ownerOf(present);
  const binaries = embeddedBinaries(user ? SYSTEM_DIR : dataDir, user);
  const password = passwordOf(dataDir, present !== undefined);
  if (present !== undefined) {
    refuseOtherVersion(present, binaries);
    // A copy or a restored backup may stand open to others, which PostgreSQL refuses.
    fs.chmodSync(present, 0o700);
    return { folder: present, password, user, binaries };
  }
  const place = mayEnter(dataDir, user) ? dataDir : systemDir();
  const folder = await createCluster(place, { password, user, binaries });
  if (place === dataDir) fs.renameSync(folder, link);
  else fs.symlinkSync(folder, link);
  syncFolder(dataDir);
  return { folder: fs.realpathSync(link), password, user, binaries };
}

function presentFolder(link: string): string | undefined {
  const entry = fs.lstatSync(link, { throwIfNoEntry: false });
  if (!entry) return undefined;
  if (fs.existsSync(join(link, 'PG_VERSION'))) return fs.realpathSync(link);
  const what = entry.isSymbolicLink()
    ? `links to ${fs.readlinkSync(link)}, where no database is`
    : 'holds no database';
  throw new Error(
    `${link} ${what}. Put the data back (is a volume missing?), or delete it to start with an empty database.`,
  );
}

function passwordOf(dataDir: string, needed: boolean): string {
  const file = join(dataDir, 'postgres.password');
  return keptText(file, () => {
    if (!needed) return randomBytes(24).toString('base64url');
    throw new Error(
      `${file} is missing: without it the database in ${dataDir} cannot be opened. Put it back from a backup.`,
    );
  });
}

function refuseOtherVersion(folder: string, binaries: EmbeddedBinaries): void {
  const version = fs.readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (version === binaries.major) return;
  throw new Error(
    `The data in ${folder} is of PostgreSQL ${version}, this Kurir brings ${binaries.major}. Start the Kurir that made it, or move the data to a PostgreSQL of your own and set DATABASE_URL.`,
  );
}

function systemDir(): string {
  fs.mkdirSync(SYSTEM_DIR, { recursive: true });
  fs.chmodSync(SYSTEM_DIR, 0o755);
  return SYSTEM_DIR;
}

// In the data directory the result still has its unfinished name (what others left there is cleared away first); in the
// system's folder its random name stays, and is complete only once a link names it.
async function createCluster(place: string, cluster: Omit<EmbeddedCluster, 'folder'>): Promise<string> {
  if (place !== SYSTEM_DIR) clearUnfinished(place);
  const folder = fs.mkdtempSync(join(place, place === SYSTEM_DIR ? 'postgres-' : UNFINISHED));
  const passwordFile = `${folder}.password`;
  try {
    fs.writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    giveTo(cluster.user, folder, passwordFile);
    await initdb(folder, passwordFile, cluster);
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    fs.rmSync(passwordFile, { force: true });
  }
  return folder;
}

function clearUnfinished(place: string): void {
  for (const name of fs.readdirSync(place)) {
    if (name.startsWith(UNFINISHED)) fs.rmSync(join(place, name), { recursive: true, force: true });
  }
}

function giveTo(user: SystemUser | undefined, ...paths: string[]): void {
  if (user) for (const path of paths) fs.chownSync(path, user.uid, user.gid);
}

async function initdb(
  folder: string,
  passwordFile: string,
  { user, binaries }: Omit<EmbeddedCluster, 'folder'>,
): Promise<void> {
  const flags = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  try {
    await promisify(execFile)(binaries.initdb, flags, {
      cwd: dirname(folder),
      env: { LC_ALL: 'C', TZ: 'UTC' },
      ...user,
    });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`The database of Kurir could not be made in ${folder}: ${said}`, { cause });
  }
}
