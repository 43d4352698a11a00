// One round: every side on an empty database as a fresh process, warmed up, and then slices of messages, side by side in turns, so that
// whatever else the machine does for some seconds falls on all of them.
import { join } from 'node:path';
import { loadavg } from 'node:os';

import type { Aim, MetaCounts } from './fake-meta.ts';
import type { LoadInput, LoadResult } from './load.ts';
import type { BenchPostgres, StatementCost } from './postgres.ts';
import { startProcess, type BenchProcess, type Usage } from './processes.ts';
import type { SideInput, SideReady } from './side.ts';

export type Mode = 'send-and-wait' | 'full';

export interface Side {
  name: string;
  /** The program to start. */
  file: string;
}

export interface Stage {
  postgres: BenchPostgres;
  meta: BenchProcess<{ url: string }>;
  load: BenchProcess<object>;
}

export interface Effort {
  mode: Mode;
  slices: number;
  messagesPerSlice: number;
  warmUp: number;
  latencyMs: number;
  /** Where CPU profiles go. */
  profileFolder: string | undefined;
}

/** What one slice gave. */
export interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  answerP50Ms: number;
  answerP99Ms: number;
  cpuMsPerMessage: number;
  postgresCpuMsPerMessage: number | undefined;
  walBytesPerMessage: number;
  /** Of the load and the fake Meta: near a whole core, they and not the side are what is measured. */
  harnessCpuMsPerMessage: number;
  /** Since the process was started. */
  rssPeakMb: number;
}

export interface Round {
  /** Of the last minute, before the round: what else the machine was doing. */
  loadAverage: number;
  slices: Measured[];
  statements: StatementCost[];
}

interface Running {
  side: Side;
  database: string;
  databaseUrl: string;
  program: BenchProcess<SideReady>;
  round: Round;
}

const SLICE_WITHIN_MS = 60_000;

/** The rounds of all sides, in their order. */
export async function measureRound(
  stage: Stage,
  sides: readonly Side[],
  effort: Effort & { round: number },
): Promise<Round[]> {
  const [loadAverage = 0] = loadavg();
  const running: Running[] = [];
  try {
    for (const side of sides) running.push(await start(stage, side, { ...effort, loadAverage }));
    for (const one of running) await send(stage, one, { ...effort, messages: effort.warmUp });
    if (effort.profileFolder !== undefined) for (const one of running) await one.program.ask('start profile');
    if (effort.profileFolder !== undefined) await stage.postgres.forgetStatements();
    for (let slice = 0; slice < effort.slices; slice++) {
      // There and back, so that nobody always follows the same one.
      for (const one of slice % 2 === 0 ? running : running.toReversed())
        one.round.slices.push(await measureSlice(stage, one, effort));
    }
    for (const one of running) await finish(stage, one, effort);
    return running.map((one) => one.round);
  } finally {
    for (const one of running) {
      await one.program.stop();
      await stage.postgres.dropDatabase(one.database);
    }
  }
}

async function start(
  { postgres, meta }: Stage,
  side: Side,
  about: { round: number; loadAverage: number },
): Promise<Running> {
  const database = `bench_${side.name}_${about.round}`;
  const databaseUrl = await postgres.createDatabase(database);
  const program = await startProcess<SideReady>(side.file, {
    input: { databaseUrl, graphUrl: meta.ready.url } satisfies SideInput,
    logFile: join(postgres.folder, `${database}.log`),
    serves: true,
  });
  const round = { loadAverage: about.loadAverage, slices: [], statements: [] };
  return { side, database, databaseUrl, program, round };
}

async function measureSlice(stage: Stage, one: Running, effort: Effort): Promise<Measured> {
  const messages = effort.messagesPerSlice;
  const before = await used(stage, one.program);
  const result = await send(stage, one, { ...effort, messages });
  const after = await used(stage, one.program);
  const each = (of: (use: Used) => number): number => (of(after) - of(before)) / messages;
  return {
    perSecond: messages / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    answerP50Ms: result.answerP50Ms,
    answerP99Ms: result.answerP99Ms,
    cpuMsPerMessage: each((use) => use.cpuMs),
    postgresCpuMsPerMessage:
      after.postgresCpuMs === undefined ? undefined : each((use) => use.postgresCpuMs ?? 0),
    walBytesPerMessage: each((use) => use.walBytes),
    harnessCpuMsPerMessage: each((use) => use.harnessCpuMs),
    rssPeakMb: after.rssPeakBytes / 1_048_576,
  };
}

async function send(
  stage: Stage,
  { side, program }: Running,
  what: { mode: Mode; messages: number; latencyMs: number },
): Promise<LoadResult> {
  const full = what.mode === 'full';
  const { url, apiKey } = program.ready;
  const aim: Aim = { callbackUrl: `${url}/webhooks/meta`, statuses: full, latencyMs: what.latencyMs };
  await stage.meta.ask('aim', aim);
  const input: LoadInput = {
    url,
    apiKey,
    metaUrl: full ? stage.meta.ready.url : undefined,
    messages: what.messages,
    withinMs: SLICE_WITHIN_MS,
  };
  const result = await stage.load.ask<LoadResult>('run', input);
  if (result.failures.length === 0) return result;
  const counts = await stage.meta.ask<MetaCounts>('counts');
  throw new Error(
    `The load on ${side.name} failed (Meta saw ${JSON.stringify(counts)}): ${result.failures.join(' | ')}`,
  );
}

interface Used extends Usage {
  walBytes: number;
  postgresCpuMs: number | undefined;
  harnessCpuMs: number;
}

async function used(stage: Stage, program: BenchProcess<SideReady>): Promise<Used> {
  const [usage, ...harness] = await Promise.all([
    program.ask<Usage>('usage'),
    stage.meta.ask<Usage>('usage'),
    stage.load.ask<Usage>('usage'),
  ]);
  return {
    ...usage,
    walBytes: await stage.postgres.walBytes(),
    postgresCpuMs: await stage.postgres.cpuMs(),
    harnessCpuMs: harness.reduce((sum, one) => sum + one.cpuMs, 0),
  };
}

// A message counts when its last status was answered 2xx; here is looked whether it was stored, too.
async function finish({ postgres }: Stage, one: Running, effort: Effort): Promise<void> {
  const { side, database, databaseUrl, program, round } = one;
  if (effort.profileFolder !== undefined) {
    await program.ask('keep profile', join(effort.profileFolder, `${side.name}-${effort.mode}.cpuprofile`));
    round.statements = await postgres.costlyStatements(database);
  }
  if (effort.mode !== 'full') return;
  const stored = await postgres.count(databaseUrl, program.ready.countRead);
  const sent = effort.warmUp + effort.slices * effort.messagesPerSlice;
  if (stored !== sent) throw new Error(`${side.name} stored ${stored} of ${sent} messages as read.`);
}
