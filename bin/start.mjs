// Starts a program of Kurir on a Node that can run it. Plain JavaScript that Node 20 parses, with no dependency, so that
// it works before anything is installed and with install scripts switched off.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const NODE_MAJOR = 24;
// A file may be stamped a moment after the one that it was made from.
const STAMP_SLACK_MS = 2_000;

/** Runs `npm ci` in the repository when node_modules is absent or older than package-lock.json. */
export function install() {
  if (isInstalled()) return;
  console.error('Installing dependencies (npm ci) ...');
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, ...first] = npm();
  const ended = spawnSync(command, [...first, ...flags], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (ended.status === 0) return;
  console.error(
    `The dependencies could not be installed${ended.error ? `: ${ended.error.message}` : ''}. Run \`npm ci\` in ${ROOT} to see why.`,
  );
  process.exit(1);
}

/** Runs `file` in this process when its Node will do, else runs `entry` again on a Node that will. */
export async function start(file, args, entry) {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
    dieWithStarter();
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
  startOn(node, [fileURLToPath(entry), ...process.argv.slice(2)]);
}

function isInstalled() {
  try {
    const installed = statSync(join(ROOT, 'node_modules/.package-lock.json')).mtimeMs;
    return installed + STAMP_SLACK_MS >= statSync(join(ROOT, 'package-lock.json')).mtimeMs;
  } catch {
    return false; // Not installed, or not to the end: npm writes its own lock last.
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

// A starter that is killed takes us with it, as if there were one process; else a gateway would stay behind unseen.
function dieWithStarter() {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}
