// Gateways and simulators as real processes, for tests that kill them: each is one process, the one that was started, and what it says
// is kept.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { SimulatorSettings } from '../../simulator/settings.ts';

export const KURIR = join(import.meta.dirname, '../../bin/kurir.mjs');

export interface SimulatorProcess {
  url: string;
  kill(): Promise<void>;
}

/** The simulator with these settings; it ends with us. */
export async function startSimulatorProcess(settings: SimulatorSettings): Promise<SimulatorProcess> {
  const program = fileURLToPath(import.meta.resolve('./simulator-program.ts'));
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { url }: { url: string } = JSON.parse(await firstLine(child, 'the simulator'));
  return { url, kill: () => end(child) };
}

export interface GatewayProcess {
  /** Starts it; resolves when it takes requests. */
  start(env?: Record<string, string>): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGSTOP and SIGCONT: it neither runs nor ends. */
  sleep(): void;
  wake(): void;
  /** Whether it ended without being told to. */
  died(): boolean;
  /** All that its processes have written, stdout and stderr. */
  log(): string;
}

export function createGatewayProcess(env: Record<string, string>): GatewayProcess {
  let child: ChildProcess | undefined;
  let ending = false;
  let written = '';
  return {
    log: () => written,
    died: () => child !== undefined && !ending && hasEnded(child),
    async start(more = {}) {
      // The command runs in the process that is started, as this Node will do: its id is the gateway's.
      child = spawn(process.execPath, [KURIR, 'start', '--json'], {
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      ending = false;
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (chunk: string) => void (written += chunk));
      await firstLine(child, 'the gateway', () => written);
    },
    async kill() {
      ending = true;
      if (child) await end(child);
    },
    async stop() {
      if (!child || hasEnded(child)) return child?.exitCode ?? null;
      ending = true;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    sleep: () => void child?.kill('SIGSTOP'),
    wake: () => void child?.kill('SIGCONT'),
  };
}

/** The first line that is JSON: what it says when it is ready. A log line is not it: those have a level. */
async function firstLine(child: ChildProcess, who: string, said: () => string = () => ''): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', read);
    child.once('exit', (code) =>
      reject(new Error(`${who} ended with ${code} before it was ready: ${said()}`)),
    );

    function read(chunk: string): void {
      seen += chunk;
      const lines = seen.split('\n').slice(0, -1);
      const line = lines.find((one) => one.includes('"url"') && !one.includes('"level"'));
      if (line === undefined) return;
      child.stdout?.off('data', read);
      resolve(line);
    }
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
