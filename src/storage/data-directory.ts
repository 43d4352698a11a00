// The folder of one node, KURIR_DATA_DIR: held by one process at a time, it keeps the node's id and its generated secret,
// and says to other commands of this machine where the gateway that holds it runs.
//
//   lock           held while somebody works here           postgres/   the embedded database
//   node-id        this node's name for ever                simulator/  the simulator's ledger
//   secret         what is sealed under, where no KURIR_SECRET is given
//   runtime.json   where the gateway runs now               dev.json    what development mode made
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../kernel/clock.ts';
import { newId, type Id } from '../kernel/ids.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { tryLock } from './exclusive-lock.ts';
import { isAlive } from './is-alive.ts';
import { keptText, writePrivateFile } from './private-file.ts';

export type NodeId = Id<'node'>;

/** Where a gateway runs. */
export interface Runtime {
  nodeId: string;
  pid: number;
  url: string;
  /** Where others reach it. */
  publicUrl: string;
  databaseUrl: string;
  /** Of the embedded PostgreSQL. */
  postgresPid: number | null;
  graphUrl: string;
  /** What is sealed is sealed under the secret that this directory keeps. */
  generatedSecret: boolean;
}

/** What scripts and tests need to talk to a gateway in development mode. */
export interface DevelopmentFile {
  url: string;
  simulatorUrl: string;
  apiKey: string;
  phoneNumberId: string;
  wabaId: string;
  appSecret: string;
  verifyToken: string;
  graphToken: string;
}

/** A data directory that we hold. */
export interface DataDirectory extends Disposable {
  readonly path: string;
  readonly nodeId: string;
  /** The generated secret, the same at every start. */
  secret(): string;
  writeRuntime(runtime: Omit<Runtime, 'nodeId' | 'pid'>): void;
  writeDevelopmentFile(file: DevelopmentFile): void;
  /** Says no more where we run: who comes now waits until it is given up, instead of being refused. */
  forgetRuntime(): void;
  /** Gives it up. */
  release(): void;
}

/** Somebody else holds the data directory. */
export class DirectoryHeld extends Error {
  override readonly name = 'DirectoryHeld';
  readonly runtime: Runtime | undefined;

  constructor(path: string, runtime: Runtime | undefined) {
    const who = runtime
      ? `A gateway runs on ${path} already: process ${runtime.pid}, ${runtime.url}. Use that one, stop it (kill ${runtime.pid}), or give this one a folder of its own with KURIR_DATA_DIR.`
      : `Another Kurir is working on ${path}. Try again in a moment, or give this one a folder of its own with KURIR_DATA_DIR.`;
    super(who);
    this.runtime = runtime;
  }
}

/** The data directory cannot be made, or nothing can be written in it. */
export class FolderUnusable extends Error {
  override readonly name = 'FolderUnusable';

  constructor(path: string, what: 'made' | 'written to', cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    super(
      `The data directory ${path} cannot be ${what} (${code}). Give KURIR_DATA_DIR a folder that you may write to.`,
      { cause },
    );
  }
}

const SECRET_FILE = 'secret';
const POLL_MS = 25;

/**
 * Takes the directory, which is made when it is missing. While somebody holds it, waits up to `waitMs`; a gateway that
 * says where it runs is given only `gatewayWaitMs`. Then throws DirectoryHeld.
 */
export async function openDataDirectory(
  path: string,
  { waitMs = 20_000, gatewayWaitMs = 500 }: { waitMs?: number; gatewayWaitMs?: number } = {},
): Promise<DataDirectory> {
  makeFolder(path);
  const startedAt = systemClock.monotonic();
  for (;;) {
    const lock = tryLock(join(path, 'lock'));
    if (lock) return held(path, lock);
    const runtime = readRuntime(path);
    if (systemClock.monotonic() - startedAt > (runtime ? gatewayWaitMs : waitMs))
      throw new DirectoryHeld(path, runtime);
    await pause(POLL_MS);
  }
}

/** Where the gateway of this directory runs; undefined when none does, or none has come so far. */
export function readRuntime(path: string): Runtime | undefined {
  const found = readObject(join(path, 'runtime.json'));
  if (!found || !isRuntime(found)) return undefined;
  // One that was killed could not delete it.
  return isAlive(found.pid) ? found : undefined;
}

/** The secret that the directory keeps; undefined where none was needed yet. */
export function readGeneratedSecret(path: string): string | undefined {
  const file = join(path, SECRET_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** Whether nothing is kept there yet. Where that cannot be said, who opens it hears why. */
export function isUnused(path: string): boolean {
  try {
    lstatSync(join(path, 'postgres'));
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

export function readDevelopmentFile(path: string): Partial<DevelopmentFile> {
  return readObject(join(path, 'dev.json')) ?? {};
}

function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    throw new FolderUnusable(path, 'made', cause);
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new FolderUnusable(path, 'written to', cause);
  }
}

// From the top, one by one: Node's own recursive mkdir turns for ever, deaf to signals, in a folder such as /proc, which is
// there but says ENOENT to whatever would be made in it. Others may pass through, to their own files; the secret ones are
// 0600 each.
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolders(above);
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    // Somebody else made it in the same moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function held(path: string, lock: { release(): void }): DataDirectory {
  const runtimeFile = join(path, 'runtime.json');
  const nodeId = keptText(join(path, 'node-id'), () => newId('node', systemClock.now()));
  const forgetRuntime = () => rmSync(runtimeFile, { force: true });
  const release = () => {
    forgetRuntime();
    lock.release();
  };
  // Left by one that was killed: nobody must be sent there.
  forgetRuntime();
  return {
    path,
    nodeId,
    secret: () => keptText(join(path, SECRET_FILE), () => randomBytes(32).toString('base64url')),
    writeRuntime: (runtime) => writeJson(runtimeFile, { nodeId, pid: process.pid, ...runtime }),
    writeDevelopmentFile: (file) => writeJson(join(path, 'dev.json'), { ...file }),
    forgetRuntime,
    release,
    [Symbol.dispose]: release,
  };
}

function writeJson(path: string, value: JsonObject): void {
  writePrivateFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

function readObject(path: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // Not there, or not whole: as if it had never been written.
  }
}

function isRuntime(found: JsonObject): found is JsonObject & Runtime {
  const texts = ['nodeId', 'url', 'publicUrl', 'databaseUrl', 'graphUrl'].map((name) => found[name]);
  return typeof found['pid'] === 'number' && texts.every((text) => typeof text === 'string');
}
