// One round of one side: an empty database, a fresh process, a warm-up, and then the messages that count.
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
  messages: number;
  warmUp: number;
  latencyMs: number;
  /** Where CPU profiles go. */
  profileFolder: string | undefined;
}

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
  rssPeakMb: number;
  /** Of the last minute, before the round: what else the machine was doing. */
  loadAverage: number;
  statements: StatementCost[];
}

const RUN_WITHIN_MS = 60_000;

export async function measure(
  stage: Stage,
  side: Side,
  what: { mode: Mode; round: number } & Effort,
): Promise<Measured> {
  const { postgres, meta } = stage;
  const [loadAverage = 0] = loadavg();
  const database = `bench_${side.name.replace(/\W/g, '_')}_${what.round}`;
  const databaseUrl = await postgres.createDatabase(database);
  const program = await startProcess<SideReady>(side.file, {
    input: { databaseUrl, graphUrl: meta.ready.url } satisfies SideInput,
    logFile: join(postgres.folder, `${database}.log`),
  });
  try {
    const full = what.mode === 'full';
    const aim: Aim = {
      callbackUrl: `${program.ready.url}/webhooks/meta`,
      statuses: full,
      latencyMs: what.latencyMs,
    };
    await meta.ask('aim', aim);
    await load(stage, program.ready, { full, messages: what.warmUp });
    const measured = await measureLoad(stage, program, { ...what, full, database });
    if (full) {
      const stored = await postgres.count(databaseUrl, program.ready.countRead);
      if (stored !== what.warmUp + what.messages)
        throw new Error(`${side.name} stored ${stored} of ${what.warmUp + what.messages} messages as read.`);
    }
    return { ...measured, loadAverage };
  } finally {
    await program.stop();
    await postgres.dropDatabase(database);
  }
}

async function measureLoad(
  stage: Stage,
  program: BenchProcess<SideReady>,
  what: { mode: Mode; round: number; full: boolean; database: string } & Effort,
): Promise<Omit<Measured, 'loadAverage'>> {
  const { postgres } = stage;
  const profiled = what.profileFolder !== undefined;
  if (profiled) {
    await postgres.takeStatements(what.database);
    await program.ask('start profile');
  }
  const before = await used(stage, program);
  const result = await load(stage, program.ready, what);
  const after = await used(stage, program);
  if (what.profileFolder !== undefined)
    await program.ask('keep profile', join(what.profileFolder, `${what.database}-${what.mode}.cpuprofile`));
  const each = (of: (one: typeof before) => number): number => (of(after) - of(before)) / what.messages;
  return {
    perSecond: what.messages / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    answerP50Ms: result.answerP50Ms,
    answerP99Ms: result.answerP99Ms,
    cpuMsPerMessage: each((one) => one.cpuMs),
    postgresCpuMsPerMessage:
      after.postgresCpuMs === undefined ? undefined : each((one) => one.postgresCpuMs ?? 0),
    walBytesPerMessage: each((one) => one.walBytes),
    harnessCpuMsPerMessage: each((one) => one.harnessCpuMs),
    rssPeakMb: after.rssPeakBytes / 1_048_576,
    statements: profiled ? await postgres.takeStatements(what.database) : [],
  };
}

interface Used extends Usage {
  walBytes: number;
  postgresCpuMs: number | undefined;
  harnessCpuMs: number;
}

async function used(
  { postgres, meta, load: sending }: Stage,
  program: BenchProcess<SideReady>,
): Promise<Used> {
  const [usage, ...harness] = await Promise.all([
    program.ask<Usage>('usage'),
    meta.ask<Usage>('usage'),
    sending.ask<Usage>('usage'),
  ]);
  return {
    ...usage,
    walBytes: await postgres.walBytes(),
    postgresCpuMs: await postgres.cpuMs(),
    harnessCpuMs: harness.reduce((sum, one) => sum + one.cpuMs, 0),
  };
}

async function load(
  stage: Stage,
  side: SideReady,
  what: { full: boolean; messages: number },
): Promise<LoadResult> {
  const input: LoadInput = {
    url: side.url,
    apiKey: side.apiKey,
    metaUrl: what.full ? stage.meta.ready.url : undefined,
    messages: what.messages,
    withinMs: RUN_WITHIN_MS,
  };
  const result = await stage.load.ask<LoadResult>('run', input);
  const counts = await stage.meta.ask<MetaCounts>('counts');
  if (result.failures.length > 0)
    throw new Error(`The load failed (Meta saw ${JSON.stringify(counts)}): ${result.failures.join(' | ')}`);
  return result;
}
