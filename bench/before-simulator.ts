// A gateway before the real simulator, wired to each other; its ledger is read through its control API.
import { join } from 'node:path';

import { baseWork, GATEWAY } from './compare.ts';
import type { LoadInput, LoadResult } from './load.ts';
import { start, type Running, type Stage } from './measure.ts';
import { startProcess } from './processes.ts';
import { CONNECTIONS, OPEN_MAX, type Audience } from './setting.ts';
import type { SimulatorInput } from './simulator-side.ts';
import type { CallView, NumberStatistics } from '../simulator/control/calls.ts';

export interface BeforeSimulator extends AsyncDisposable {
  running: Running;
  url: string;
  apiKey: string;
  statistics(since: { from?: number; to?: number }): Promise<NumberStatistics[]>;
  /** Every call to send, in the order they arrived. */
  calls(): Promise<CallView[]>;
  /** Sends messages; throws unless all were answered as they should be. */
  send(what: SendInput): Promise<LoadResult>;
}

export interface SendInput {
  request: 'accept' | 'send';
  audience: Audience;
  messages: number;
  perSecond?: number;
  priority?: 'bulk';
}

const WITHIN_MS = 120_000;
const PAGE = 1_000;

/** Numbers with Meta's pace. */
export async function startBeforeSimulator(stage: Stage, numbers: number): Promise<BeforeSimulator> {
  await using ending = new AsyncDisposableStack();
  const simulator = await startProcess<{ url: string }>(join(import.meta.dirname, 'simulator-side.ts'), {
    input: { numbers } satisfies SimulatorInput,
    logFile: join(stage.postgres.folder, 'simulator.log'),
  });
  ending.defer(() => simulator.stop());
  const running = await start(stage, GATEWAY, {
    work: { ...baseWork('full'), numbers: [{ count: numbers, pace: 80 }] },
    loadAverage: 0,
    graphUrl: simulator.ready.url,
  });
  ending.defer(async () => {
    await Promise.all(running.programs.map((program) => program.stop()));
    await stage.postgres.dropDatabase(running.database);
  });
  const { url = '', apiKey = '' } = running.programs[0]?.ready ?? {};
  await ask(simulator.ready.url, 'PUT', '/webhooks', { url: `${url}/webhooks/meta` });
  const kept = ending.move();
  return {
    running,
    url,
    apiKey,
    statistics: ({ from, to }) =>
      ask(
        simulator.ready.url,
        'GET',
        `/statistics?${from === undefined ? '' : `from=${from}`}${to === undefined ? '' : `&to=${to}`}`,
      ),
    async calls() {
      const all: CallView[] = [];
      for (;;) {
        const path = `/calls?after=${all.at(-1)?.seq ?? 0}&limit=${PAGE}`;
        const page = await ask<CallView[]>(simulator.ready.url, 'GET', path);
        all.push(...page);
        if (page.length < PAGE) return all;
      }
    },
    async send(what) {
      const result = await stage.load.ask<LoadResult>('run', {
        urls: [url],
        apiKey,
        connections: CONNECTIONS,
        openMax: OPEN_MAX,
        withinMs: WITHIN_MS,
        ...what,
      } satisfies LoadInput);
      if (result.failures.length > 0) throw new Error(`The load failed: ${result.failures.join(' | ')}`);
      return result;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function ask<Data>(origin: string, method: string, path: string, body?: unknown): Promise<Data> {
  const answer = await fetch(`${origin}/_sim/v1${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!answer.ok)
    throw new Error(`The simulator answered ${answer.status} to ${path}: ${await answer.text()}`);
  return ((await answer.json()) as { data: Data }).data;
}
