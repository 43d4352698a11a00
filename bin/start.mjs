// Starts a program of Kurir on a Node that can run it. Plain JavaScript that Node 20 parses, with no dependency, so that
// it works before anything is installed and with install scripts switched off.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, lstatSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const MODULES = join(ROOT, 'node_modules');
const LOCK = join(ROOT, 'package-lock.json');
const STAMP = join(MODULES, '.kurir-installed');
const NODE_MAJOR = 24;
const PARENT_POLL_MS = 200;
// A file may be stamped a moment after the one that it was made from.
const STAMP_SLACK_MS = 2_000;

/** Runs `npm ci` in the repository when node_modules is absent or older than package-lock.json. */
export function install() {
  if (isInstalled()) return;
  const unlock = lockInstall();
  try {
    if (isInstalled()) return; // Another start did it meanwhile.
    console.error('Installing dependencies (npm ci) ...');
    const [command, ...first] = npm();
    const flags = [
      'ci',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    const options = {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    };
    const ended = spawnSync(command, [...first, ...flags], options);
    if (ended.status !== 0) {
      const why = ended.error ? `: ${ended.error.message}` : '';
      console.error(`The dependencies could not be installed${why}. Run \`npm ci\` in ${ROOT} to see more.`);
      process.exit(1);
    }
    writeFileSync(STAMP, lockHash());
  } finally {
    unlock();
  }
}

/** For programs that serve. Left alone, V8 gives the young objects of a busy gateway 130 MB; with 32 it works as fast. */
export const SERVER_FLAGS = ['--max-semi-space-size=16'];

/** Runs `file` in this process when its Node will do, else runs `entry` again on a Node that will; under `flags` of Node's. */
export async function start({ file, args, entry, flags = [] }) {
  stopWithParent();
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
    beginAnewUnder(flags);
    dieWithStarter();
    // What strips types takes 30 MB and a second, unless an earlier start has kept the stripped code.
    if (file.endsWith('.ts')) module.enableCompileCache(join(MODULES, '.cache/kurir'));
    process.argv = [process.execPath, file, ...args];
    await import(pathToFileURL(file).href);
    return;
  }
  const node = installedNode();
  if (node === undefined) {
    console.error(
      `Kurir needs Node.js ${NODE_MAJOR} or newer; this is ${process.version}. Install it from https://nodejs.org, then try again.`,
    );
    process.exit(1);
  }
  startOn(node, [...flags, fileURLToPath(entry), ...process.argv.slice(2)]);
}

// The same process with its flags, where the system knows how: what the user said of one goes before.
function beginAnewUnder(flags) {
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  const missing = flags.filter((flag) => !said.includes(flag.split('=', 1)[0]));
  // A channel to our starter would not survive it.
  if (missing.length === 0 || process.channel !== undefined || process.platform === 'win32') return;
  process.execve?.(
    process.execPath,
    [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  );
}

// Our stamp says of which lock file it is; without one, npm's own lock, which it writes last, must be the newer.
function isInstalled() {
  try {
    // Linked to another checkout's: that one looks after it (`npm ci` would empty it).
    if (lstatSync(MODULES).isSymbolicLink()) return true;
    const installedAt = statSync(join(MODULES, '.package-lock.json')).mtimeMs;
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash()) return true;
    return installedAt + STAMP_SLACK_MS >= statSync(LOCK).mtimeMs;
  } catch {
    return false; // Not installed, or not to the end.
  }
}

function lockHash() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex');
}

// One install at a time: others wait. The file names its process, so that one that was killed stops nobody.
function lockInstall() {
  const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 16);
  const file = join(tmpdir(), `kurir-install-${name}`);
  const ours = `${file}.${process.pid}`;
  writeFileSync(ours, String(process.pid));
  process.once('exit', () => rmSync(ours, { force: true }));
  for (;;) {
    try {
      // Linked when it is written: nobody ever reads half of it.
      linkSync(ours, file);
      const unlock = () => rmSync(file, { force: true });
      process.once('exit', unlock);
      return unlock;
    } catch (error) {
      if (error.code !== 'EEXIST') return () => undefined;
      if (!isAlive(holderOf(file))) rmSync(file, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0; // Given up just now.
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function npm() {
  const own = process.env.npm_execpath;
  return own?.endsWith('npm-cli.js') && existsSync(own) ? [process.execPath, own] : ['npm'];
}

// The Node among the optional dependencies: a plain binary in the package, which no install script has to fetch.
function installedNode() {
  try {
    const file = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`);
    return spawnSync(file, ['--version']).status === 0 ? file : undefined;
  } catch {
    return undefined; // Another system or processor.
  }
}

function startOn(node, args) {
  // The channel tells the child that we are gone even when we are killed and cannot say so (see dieWithStarter).
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Node.js ${NODE_MAJOR} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) =>
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
  );
}

// npm dies without a word to us when it is killed, and so would the gateway live on unseen: it stops instead.
function stopWithParent() {
  const parent = process.ppid;
  const look = () => process.ppid === parent || process.kill(process.pid, 'SIGTERM');
  if (process.env.npm_lifecycle_event !== undefined) setInterval(look, PARENT_POLL_MS).unref();
}

// A starter that is killed takes us with it, as if there were one process; else a gateway would stay behind unseen.
function dieWithStarter() {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}
