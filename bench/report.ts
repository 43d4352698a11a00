// What a run says: for each mode a table of medians, side beside side, and the same with every round as JSON.
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

import type { Measured, Mode } from './measure.ts';
import type { BenchPostgres } from './postgres.ts';

export interface SideResult {
  side: string;
  rounds: Measured[];
}

export interface CellResult {
  mode: Mode;
  messages: number;
  latencyMs: number;
  sides: SideResult[];
}

const COLUMNS: readonly { title: string; of: (one: Measured) => number | undefined; digits: number }[] = [
  { title: 'messages/s', of: (one) => one.perSecond, digits: 0 },
  { title: 'p50 ms', of: (one) => one.p50Ms, digits: 1 },
  { title: 'p99 ms', of: (one) => one.p99Ms, digits: 1 },
  { title: 'answer p50', of: (one) => one.answerP50Ms, digits: 1 },
  { title: 'answer p99', of: (one) => one.answerP99Ms, digits: 1 },
  { title: 'CPU ms', of: (one) => one.cpuMsPerMessage, digits: 3 },
  { title: 'PostgreSQL', of: (one) => one.postgresCpuMsPerMessage, digits: 3 },
  { title: 'harness', of: (one) => one.harnessCpuMsPerMessage, digits: 3 },
  { title: 'WAL bytes', of: (one) => one.walBytesPerMessage, digits: 0 },
  { title: 'peak MB', of: (one) => one.rssPeakMb, digits: 0 },
];

const TITLES: Record<Mode, string> = {
  'send-and-wait':
    'send-and-wait: a send is accepted, Meta takes it, that is recorded, the caller is answered',
  full: 'full: accept → Meta → three statuses, one a POST → stored',
};

export function table(cell: CellResult): string {
  const head = ['', ...COLUMNS.map((column) => column.title)];
  const body = cell.sides.map((side) => [
    side.side,
    ...COLUMNS.map((column) => text(medianOf(side, column.of), column.digits)),
  ]);
  const [floor, ...others] = cell.sides;
  const lines = [TITLES[cell.mode], ...aligned([head, ...body])];
  for (const other of others) {
    if (!floor) break;
    const ratio = ratioOf(other, floor).toFixed(2);
    const cpuRatio = ratioOf(floor, other, (one) => one.cpuMsPerMessage).toFixed(2);
    const each = other.rounds.map((round, i) =>
      text(round.perSecond / (floor.rounds[i]?.perSecond ?? Number.NaN), 2),
    );
    lines.push(
      `${other.side} ÷ ${floor.side}: ${ratio} of its messages/s (rounds: ${each.join(' ')}), ${cpuRatio} by CPU`,
    );
  }
  const loads = cell.sides.flatMap((side) => side.rounds.map((round) => round.loadAverage));
  lines.push(
    `Load average before the rounds: ${text(Math.min(...loads), 1)} to ${text(Math.max(...loads), 1)}`,
  );
  return lines.join('\n');
}

export function asJson(cells: CellResult[], postgres: BenchPostgres): object {
  return {
    at: new Date().toISOString(),
    commit: commit(),
    machine: machine(postgres),
    cells: cells.map((cell) => ({
      ...cell,
      sides: cell.sides.map((side) => ({
        side: side.side,
        median: Object.fromEntries(
          COLUMNS.map((column) => [column.title, medianOf(side, column.of) ?? null]),
        ),
        rounds: side.rounds,
      })),
      ratios: Object.fromEntries(
        cell.sides.slice(1).map((side) => [side.side, cell.sides[0] ? ratioOf(side, cell.sides[0]) : null]),
      ),
    })),
  };
}

export function machine(postgres: BenchPostgres): object {
  return {
    processor: cpus()[0]?.model ?? '?',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres: postgres.version,
    commitMs: Number(postgres.commitMs.toFixed(2)),
  };
}

function commit(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim();
  } catch {
    return null; // Not a checkout, or no git.
  }
}

function ratioOf(
  one: SideResult,
  other: SideResult,
  of = (round: Measured): number => round.perSecond,
): number {
  return (medianOf(one, of) ?? Number.NaN) / (medianOf(other, of) ?? Number.NaN);
}

function medianOf(side: SideResult, of: (one: Measured) => number | undefined): number | undefined {
  const values = side.rounds.map(of).filter((value) => value !== undefined);
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function text(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}
