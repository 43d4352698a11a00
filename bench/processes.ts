// The processes of the bench: forked with one JSON argument, asked over their channel, and ended with their parent, however that ends.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BenchProcess<Ready> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Ready;
  ask<Answer>(question: string, input?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/** What a process has used since it was started; every process of the bench answers it. */
export interface Usage {
  cpuMs: number;
  rssPeakBytes: number;
}

interface Question {
  id: number;
  question: string;
  input: unknown;
}

type Reply = { ready: unknown } | { id: number; answer: unknown } | { id: number; error: string };

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
const LOG_CHARACTERS_SHOWN = 2_000;
/** How bin/start.mjs starts a program that serves. */
const AS_SERVER = {
  execArgv: ['--max-semi-space-size=16'],
  env: { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/kurir') },
};

/** Starts `file`, as a server if it `serves`, and waits until it is ready; what it prints goes to `logFile`. */
export async function startProcess<Ready>(
  file: string,
  start: { input: unknown; logFile: string; serves?: boolean },
): Promise<BenchProcess<Ready>> {
  const log = openSync(start.logFile, 'a', 0o600);
  const child = fork(file, [JSON.stringify(start.input)], {
    stdio: ['ignore', log, log, 'ipc'],
    ...(start.serves ? AS_SERVER : {}),
  });
  const asked = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let ids = 0;
  const ready = await new Promise<unknown>((resolve, reject) => {
    const late = setTimeout(() => fail(new Error(`${file} was not ready in time.`)), READY_WITHIN_MS);
    function fail(error: Error): void {
      clearTimeout(late);
      reject(error);
      for (const one of asked.values()) one.reject(error);
      asked.clear();
      child.kill('SIGKILL');
    }
    child.on('error', fail);
    child.on('exit', (code) => fail(new Error(`${file} ended (${code}). ${tailOf(start.logFile)}`)));
    child.on('message', (reply: Reply) => {
      if ('ready' in reply) {
        clearTimeout(late);
        return resolve(reply.ready);
      }
      const one = asked.get(reply.id);
      asked.delete(reply.id);
      if ('error' in reply) one?.reject(new Error(`${reply.error} ${tailOf(start.logFile)}`));
      else one?.resolve(reply.answer);
    });
  });
  return {
    pid: child.pid ?? 0,
    ready: ready as Ready,
    ask: (question, input) =>
      new Promise((resolve, reject) => {
        const id = ids++;
        asked.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ id, question, input } satisfies Question);
      }),
    stop: () => stop(child),
  };
}

/** The input that this process was started with. */
export function processInput(): unknown {
  return JSON.parse(process.argv[2] ?? 'null');
}

/** Says that this process is ready and answers the parent's questions; without the parent it ends. */
export function answerParent(
  ready: unknown,
  answers: Record<string, (input: never) => unknown>,
  close: () => Promise<void>,
): void {
  process.on('disconnect', () => process.exit(1));
  process.on('SIGTERM', () => void close().finally(() => process.exit(0)));
  // Ctrl-C reaches all processes of the bench; the parent decides in which order they end.
  process.on('SIGINT', () => undefined);
  process.on('message', ({ id, question, input }: Question) => {
    void answer(question === 'usage' ? usage : answers[question], input).then(
      (given) => process.send?.({ id, answer: given }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.send?.({ ready } satisfies Reply);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, rssPeakBytes: process.resourceUsage().maxRSS * 1_024 };
}

async function answer(known: ((input: never) => unknown) | undefined, input: unknown): Promise<unknown> {
  if (!known) throw new Error('There is no answer to this question.');
  return known(input as never);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.removeAllListeners('exit');
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(late);
}

function tailOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').slice(-LOG_CHARACTERS_SHOWN).trim();
}
