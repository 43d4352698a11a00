// A cell that sets sides beside each other: rounds of slices in turns, a table, and the ratios to the first side.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { measureRound, type Effort, type Mode, type Side, type Stage, type Work } from './measure.ts';
import type { StatementCost } from './postgres.ts';
import { comparisonAsJson, table, type CellReport, type Comparison } from './report.ts';
import type { Verdict } from './figures.ts';
import { CONNECTIONS, EVERYBODY, META_CONNECTIONS, NUMBERS, OPEN_MAX } from './setting.ts';

/** What the command line chose. */
export interface Chosen {
  quick: boolean;
  rounds: number;
  messages: number | undefined;
  against: string | undefined;
  profile: string | undefined;
}

export interface Comparing {
  cell: string;
  title: string;
  sides: readonly Side[];
  work: Work;
  /** Of each side a round. */
  messages: number;
  slices: number;
  warmUp: number;
}

export const FLOOR: Side = { name: 'floor', file: fileURLToPath(import.meta.resolve('./floor.ts')) };
export const GATEWAY: Side = {
  name: 'gateway',
  file: fileURLToPath(import.meta.resolve('./gateway-side.ts')),
};

export function baseWork(mode: Mode): Work {
  return {
    mode,
    // What is only accepted is not to be sent meanwhile, but for ten a second.
    numbers: [{ count: NUMBERS, pace: mode === 'accept-only' ? 1 : null }],
    audience: EVERYBODY,
    latencyMs: 0,
    statusesPerPost: 1,
    nodes: 1,
    connections: CONNECTIONS,
    metaConnections: META_CONNECTIONS,
    openMax: OPEN_MAX,
    subscriptions: 0,
    perSecond: undefined,
  };
}

/** The floor and the gateway, and the gateway of another checkout where one was named. */
export function floorAndGateway({ against }: Chosen): Side[] {
  const other = { name: 'against', file: resolve(against ?? '', 'bench/gateway-side.ts') };
  return [FLOOR, GATEWAY, ...(against === undefined ? [] : [other])];
}

export async function compare(stage: Stage, what: Comparing, chosen: Chosen): Promise<Comparison> {
  if (chosen.profile !== undefined) await mkdir(chosen.profile, { recursive: true });
  const messages = chosen.messages ?? what.messages;
  const effort: Effort = {
    slices: what.slices,
    messagesPerSlice: Math.ceil(messages / what.slices),
    warmUp: what.warmUp,
    profileFolder: chosen.profile === undefined ? undefined : resolve(chosen.profile),
  };
  const sides = what.sides.map((side): Comparison['sides'][number] => ({ side: side.name, rounds: [] }));
  for (let round = 1; round <= chosen.rounds; round++) {
    const rounds = await measureRound(stage, what.sides, { work: what.work, effort });
    for (const [i, one] of rounds.entries()) sides[i]?.rounds.push(one);
  }
  return { cell: what.cell, title: what.title, work: what.work, messages, sides };
}

export function reportOf(compared: Comparison, verdicts: Verdict[], chosen: Chosen): CellReport {
  const costs = chosen.profile === undefined ? '' : `\n\n${statements(compared)}`;
  return {
    cell: compared.cell,
    text: `${table(compared)}${costs}`,
    json: comparisonAsJson(compared),
    verdicts,
  };
}

function statements(compared: Comparison): string {
  const line = (one: StatementCost): string =>
    `${String(one.calls).padStart(7)} calls  ${one.rowsPerCall.toFixed(1).padStart(6)} rows  ${one.meanMs.toFixed(2).padStart(7)} ms + ${one.meanPlanMs.toFixed(2)} ms plan  ${one.walBytesPerCall.toFixed(0).padStart(7)} B WAL  ${one.query.replace(/\s+/g, ' ').trim().slice(0, 90)}`;
  return compared.sides
    .map((side) => [
      `${side.side}: statements of the last round`,
      ...(side.rounds.at(-1)?.statements.map(line) ?? []),
    ])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
