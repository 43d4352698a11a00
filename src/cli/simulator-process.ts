// The simulator of development mode: a process of its own that survives the gateway, as Meta would. One that answers on
// its port already is taken over; what it has done it keeps in its ledger below the data directory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { simulatorUrl } from '../config/config.ts';
import { systemClock } from '../kernel/clock.ts';
import { isObject } from '../kernel/json.ts';
import { isFree } from '../storage/free-port.ts';
import { isAlive } from '../storage/is-alive.ts';
import { writePrivateFile } from '../storage/private-file.ts';
import { CommandError, EXIT } from './complain.ts';

export interface SimulatorProcess {
  url: string;
  /** Undefined when it was started by somebody else. */
  pid: number | undefined;
}

export interface SimulatorInput {
  port: number;
  dataDir: string;
  /** Where it sends webhooks to. */
  callbackUrl: string;
}

const READY_WAIT_MS = 15_000;
const PID_FILE = 'simulator.pid';
const POLL_MS = 20;
const ANSWER_WAIT_MS = 1_000;
const PROGRAM = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../simulator/main.ts' : '../../simulator/main.js',
    import.meta.url,
  ),
);

export async function ensureSimulator(input: SimulatorInput): Promise<SimulatorProcess> {
  const url = simulatorUrl(input.port);
  if (await isSimulator(url)) {
    await takeOver(url, input.callbackUrl);
    return { url, pid: pidOf(input.dataDir) };
  }
  if (!(await isFree(input.port))) {
    throw new CommandError({
      exitCode: EXIT.unavailable,
      code: 'port_in_use',
      message: `Port ${input.port}, where the simulator would listen, is in use by something else. Choose another with KURIR_SIMULATOR_PORT.`,
    });
  }
  return { url, pid: await startSimulator(input, url) };
}

function pidOf(dataDir: string): number | undefined {
  const file = join(dataDir, PID_FILE);
  const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

// It sends webhooks where the gateway was that it last worked for; from now on to us, unless that one still answers.
async function takeOver(url: string, callbackUrl: string): Promise<void> {
  const webhooks = `${url}/_sim/v1/webhooks`;
  const present = await callbackOf(webhooks);
  if (present === callbackUrl) return;
  if (present !== undefined && (await answers(present))) {
    const message = `The simulator at ${url} works for another gateway (${present}). Choose another port for ours with KURIR_SIMULATOR_PORT.`;
    throw new CommandError({ exitCode: EXIT.unavailable, code: 'port_in_use', message });
  }
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(webhooks, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ url: callbackUrl }),
  });
  if (!answer.ok)
    throw new Error(`The simulator at ${url} does not take our address: ${await answer.text()}`);
}

async function callbackOf(webhooks: string): Promise<string | undefined> {
  const body: unknown = await (await fetch(webhooks)).json();
  return isObject(body) && typeof body['callback_url'] === 'string' ? body['callback_url'] : undefined;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
    return true;
  } catch {
    return false; // Whoever it was, it is gone.
  }
}

/** Whether a simulator answers there. */
export async function isSimulator(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/_sim/v1/health`, { signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
    const body: unknown = await answer.json();
    return answer.ok && isObject(body) && body['status'] === 'ok';
  } catch {
    return false; // Nothing there, or something else.
  }
}

/** The line for a shell that starts it again as it was. */
export function renderStart(input: SimulatorInput): string {
  return `npm run simulator -- ${flagsOf(input).join(' ')}`;
}

function flagsOf({ port, dataDir, callbackUrl }: SimulatorInput): string[] {
  return ['--port', String(port), '--ledger', join(dataDir, 'simulator'), '--callback', callbackUrl];
}

async function startSimulator(input: SimulatorInput, url: string): Promise<number> {
  fs.mkdirSync(join(input.dataDir, 'simulator'), { recursive: true });
  const logFile = join(input.dataDir, 'simulator.log');
  const log = fs.openSync(logFile, 'w', 0o600);
  const flags = flagsOf(input);
  // Nothing of our environment: what it is told stands in the flags.
  const child = spawn(process.execPath, [PROGRAM, ...flags], {
    stdio: ['ignore', log, log],
    detached: true,
    env: {},
  });
  fs.closeSync(log);
  child.unref();
  let ended = false;
  void once(child, 'exit').then(
    () => (ended = true),
    () => (ended = true),
  );
  writePrivateFile(join(input.dataDir, PID_FILE), `${child.pid ?? 0}\n`);
  const until = systemClock.monotonic() + READY_WAIT_MS;
  while (!(await isSimulator(url))) {
    if (ended || systemClock.monotonic() > until) {
      child.kill();
      throw new Error(
        `The simulator does not start. Its log, ${logFile}, says: ${fs.readFileSync(logFile, 'utf8').trim().slice(-2_000)}`,
      );
    }
    await pause(POLL_MS);
  }
  return child.pid ?? 0;
}
