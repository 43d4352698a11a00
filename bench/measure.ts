// One round: every side on an empty database as a fresh process, warmed up, and then slices of messages, side by side in turns, so that
// whatever else the machine does for some seconds falls on all of them.
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';

import type { Aim, MetaCounts } from './fake-meta.ts';
import type { LoadInput, LoadResult } from './load.ts';
import type { BenchPostgres, StatementCost } from './postgres.ts';
import { startProcess, type BenchProcess, type Usage } from './processes.ts';
import type { Audience, NumberGroup } from './setting.ts';
import type { SideInput, SideReady } from './side.ts';
import type { SubscriberAim } from './subscriber.ts';

export const MODES = ['accept-only', 'send-and-wait', 'full', 'list', 'list of a number'] as const;
export type Mode = (typeof MODES)[number];

export interface Side {
  name: string;
  /** The program to start. */
  file: string;
  /** A database to begin with; absent: an empty one. */
  template?: Template;
  /** What is done once it runs, before it is warmed up. */
  prepare?: (stage: Stage, running: Running) => Promise<void>;
}

export interface Template {
  database: string;
  apiKey: string;
}

export interface Stage {
  postgres: BenchPostgres;
  meta: BenchProcess<{ url: string }>;
  load: BenchProcess<object>;
  subscriber: BenchProcess<{ url: string }>;
}

/** What is done to a side: the base cell's, but for what a cell changes. */
export interface Work {
  mode: Mode;
  numbers: readonly NumberGroup[];
  audience: Audience;
  latencyMs: number;
  statusesPerPost: number;
  nodes: number;
  connections: number;
  metaConnections: number;
  openMax: number;
  /** So many are told of the statuses, and a message counts when all have heard of all of them. */
  subscriptions: number;
  /** At an even rate; undefined: as fast as the connections go. */
  perSecond: number | undefined;
  /** A recipient whose sends Meta never answers. */
  silent?: string;
}

export interface Effort {
  slices: number;
  messagesPerSlice: number;
  warmUp: number;
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
  /** Of an answer's p50, what is not Meta's own time; undefined where Meta was not called. */
  aboveMetaP50Ms: number | undefined;
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

export interface Running {
  side: Side;
  database: string;
  databaseUrl: string;
  programs: BenchProcess<SideReady>[];
  /** Stored as read before anything was sent. */
  readBefore: number;
  round: Round;
}

interface Task {
  work: Work;
  effort: Effort;
}

const SLICE_WITHIN_MS = 60_000;
const SHARED_WITHIN_MS = 60_000;
const SETTLED_WITHIN_MS = 10_000;
/** Of a message, as the fake Meta tells them. */
const STATUSES = 3;

/** The rounds of all sides, in their order. */
export async function measureRound(stage: Stage, sides: readonly Side[], task: Task): Promise<Round[]> {
  const { work, effort } = task;
  const [loadAverage = 0] = loadavg();
  const running: Running[] = [];
  try {
    for (const side of sides) running.push(await start(stage, side, { work, loadAverage }));
    for (const one of running) await one.side.prepare?.(stage, one);
    for (const one of running) await run(stage, one, { ...warmUpOf(work), messages: effort.warmUp });
    if (effort.profileFolder !== undefined)
      await Promise.all(running.flatMap(({ programs }) => programs.map((one) => one.ask('start profile'))));
    if (effort.profileFolder !== undefined) await stage.postgres.forgetStatements();
    for (let slice = 0; slice < effort.slices; slice++) {
      // There and back, so that nobody always follows the same one.
      for (const one of slice % 2 === 0 ? running : running.toReversed())
        one.round.slices.push(await measureSlice(stage, one, task));
    }
    for (const one of running) await finish(stage, one, task);
    return running.map((one) => one.round);
  } finally {
    for (const one of running) {
      await Promise.all(one.programs.map((program) => program.stop()));
      await stage.postgres.dropDatabase(one.database);
    }
  }
}

/** Starts a side's nodes on a database of its own. */
export async function start(
  { postgres, meta, subscriber }: Stage,
  side: Side,
  about: { work: Work; loadAverage: number; graphUrl?: string },
): Promise<Running> {
  const database = `bench_${side.name.replaceAll(/\W/g, '_')}_${databases++}`;
  const databaseUrl = await postgres.createDatabase(database, side.template?.database);
  const { numbers, nodes, metaConnections } = about.work;
  const programs: BenchProcess<SideReady>[] = [];
  for (let node = 0; node < nodes; node++) {
    const apiKey = side.template?.apiKey ?? programs[0]?.ready.apiKey;
    programs.push(
      await startProcess<SideReady>(side.file, {
        input: {
          databaseUrl,
          graphUrl: about.graphUrl ?? meta.ready.url,
          node,
          metaConnections,
          numbers,
          apiKey,
          subscribers: Array.from(
            { length: about.work.subscriptions },
            (_, i) => `${subscriber.ready.url}/${i}`,
          ),
        } satisfies SideInput,
        logFile: join(postgres.folder, `${database}.log`),
        serves: true,
      }),
    );
  }
  if (nodes > 1) await shared(postgres, databaseUrl, programs);
  const round = { loadAverage: about.loadAverage, slices: [], statements: [] };
  const readBefore = side.template
    ? await postgres.count(databaseUrl, programs[0]?.ready.countRead ?? '')
    : 0;
  return { side, database, databaseUrl, programs, readBefore, round };
}

let databases = 0;

// A second node is left its share of the numbers in its first seconds.
async function shared(
  postgres: BenchPostgres,
  databaseUrl: string,
  programs: readonly BenchProcess<SideReady>[],
): Promise<void> {
  const question = programs[0]?.ready.countMisplaced ?? '';
  const until = performance.now() + SHARED_WITHIN_MS;
  while ((await postgres.count(databaseUrl, question)) > 0) {
    if (performance.now() > until) throw new Error('The nodes did not share the numbers in time.');
    await setTimeout(200);
  }
}

async function measureSlice(stage: Stage, one: Running, { work, effort }: Task): Promise<Measured> {
  const messages = effort.messagesPerSlice;
  const before = await used(stage, one);
  const result = await run(stage, one, { ...work, messages });
  const after = await used(stage, one);
  const { tookP50Ms } = await stage.meta.ask<MetaCounts>('counts');
  const each = (of: (use: Used) => number): number => (of(after) - of(before)) / messages;
  return {
    perSecond: messages / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    answerP50Ms: result.answerP50Ms,
    answerP99Ms: result.answerP99Ms,
    aboveMetaP50Ms:
      REQUESTS[work.mode] === 'send' && tookP50Ms !== null ? result.answerP50Ms - tookP50Ms : undefined,
    cpuMsPerMessage: each((use) => use.cpuMs),
    postgresCpuMsPerMessage:
      after.postgresCpuMs === undefined ? undefined : each((use) => use.postgresCpuMs ?? 0),
    walBytesPerMessage: each((use) => use.walBytes),
    harnessCpuMsPerMessage: each((use) => use.harnessCpuMs),
    rssPeakMb: after.rssPeakBytes / 1_048_576,
  };
}

/** Lets the load run against a side; throws unless everything was answered as it should be. */
export async function run(
  stage: Stage,
  { side, programs }: Pick<Running, 'side' | 'programs'>,
  what: Work & { messages: number; withinMs?: number },
): Promise<LoadResult> {
  const full = what.mode === 'full';
  const told = what.subscriptions > 0;
  if (told) await stage.subscriber.ask('aim', { subscriptions: what.subscriptions } satisfies SubscriberAim);
  const urls = programs.map((program) => program.ready.url);
  await stage.meta.ask('aim', {
    callbackUrls: urls.map((url) => `${url}/webhooks/meta`),
    statusesPerPost: full ? what.statusesPerPost : 0,
    latencyMs: what.latencyMs,
    ...(what.silent === undefined ? {} : { silent: what.silent }),
  } satisfies Aim);
  const result = await stage.load.ask<LoadResult>('run', {
    urls,
    apiKey: programs[0]?.ready.apiKey ?? '',
    request: REQUESTS[what.mode],
    ...(full ? { finishUrl: (told ? stage.subscriber : stage.meta).ready.url } : {}),
    audience: what.audience,
    messages: what.messages,
    connections: what.connections,
    openMax: what.openMax,
    ...(what.perSecond === undefined ? {} : { perSecond: what.perSecond }),
    withinMs: what.withinMs ?? SLICE_WITHIN_MS,
  } satisfies LoadInput);
  if (result.failures.length === 0) return result;
  const counts = await stage.meta.ask<MetaCounts>('counts');
  throw new Error(
    `The load on ${side.name} failed (Meta saw ${JSON.stringify(counts)}): ${result.failures.join(' | ')}`,
  );
}

const REQUESTS: Record<Mode, LoadInput['request']> = {
  'accept-only': 'accept',
  'send-and-wait': 'send',
  full: 'send',
  list: 'list',
  'list of a number': 'list of a number',
};

// As fast as it goes; and before the lists there must be something to list.
function warmUpOf(work: Work): Work {
  const isList = work.mode === 'list' || work.mode === 'list of a number';
  return { ...work, mode: isList ? 'accept-only' : work.mode, latencyMs: 0, perSecond: undefined };
}

interface Used extends Usage {
  walBytes: number;
  postgresCpuMs: number | undefined;
  harnessCpuMs: number;
}

async function used({ postgres, meta, load, subscriber }: Stage, { programs }: Running): Promise<Used> {
  const ask = (program: BenchProcess<unknown>): Promise<Usage> => program.ask<Usage>('usage');
  const [sides, harness] = await Promise.all([
    Promise.all(programs.map(ask)),
    Promise.all([meta, load, subscriber].map(ask)),
  ]);
  return {
    cpuMs: sides.reduce((sum, one) => sum + one.cpuMs, 0),
    rssPeakBytes: Math.max(...sides.map((one) => one.rssPeakBytes)),
    walBytes: await postgres.walBytes(),
    postgresCpuMs: await postgres.cpuMs(),
    harnessCpuMs: harness.reduce((sum, one) => sum + one.cpuMs, 0),
  };
}

// What the subscriber has heard is recorded a moment later.
async function settled(
  postgres: BenchPostgres,
  { side, databaseUrl, programs }: Running,
  wanted: number,
): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const told = await postgres.count(databaseUrl, programs[0]?.ready.countTold ?? '');
    if (told === wanted) return;
    if (performance.now() > until)
      throw new Error(`${side.name} stored ${told} of ${wanted} deliveries as done.`);
    await setTimeout(200);
  }
}

// A message counts when its last status was answered 2xx; here is looked whether it was stored, too.
async function finish({ postgres }: Stage, one: Running, { work, effort }: Task): Promise<void> {
  const { side, database, databaseUrl, programs, round } = one;
  if (effort.profileFolder !== undefined) {
    for (const [node, program] of programs.entries()) {
      const name = `${side.name}-${work.mode}${node === 0 ? '' : `-${node}`}.cpuprofile`;
      await program.ask('keep profile', join(effort.profileFolder, name));
    }
    round.statements = await postgres.costlyStatements(database);
  }
  if (work.mode !== 'full') return;
  const stored = (await postgres.count(databaseUrl, programs[0]?.ready.countRead ?? '')) - one.readBefore;
  const sent = effort.warmUp + effort.slices * effort.messagesPerSlice;
  if (stored !== sent) throw new Error(`${side.name} stored ${stored} of ${sent} messages as read.`);
  await settled(postgres, one, sent * STATUSES * work.subscriptions);
}
