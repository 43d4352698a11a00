// What a comparison says: a table, side beside side, and the same with every slice as JSON; and what a run says in the end. A side's figure is the median of its
// rounds, a round's that of its slices; a ratio is the median over pairs of slices that ran one after the other.
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

import type { Verdict } from './figures.ts';
import type { Measured, Round, Work } from './measure.ts';
import type { BenchPostgres } from './postgres.ts';

export interface SideResult {
  side: string;
  rounds: Round[];
}

export interface Comparison {
  cell: string;
  title: string;
  work: Work;
  /** Of each side a round. */
  messages: number;
  sides: SideResult[];
}

/** What one cell gave: what is printed, what is kept, and how it stands to what is wanted. */
export interface CellReport {
  cell: string;
  text: string;
  json: object;
  verdicts: Verdict[];
}

interface Column {
  title: string;
  of: (slice: Measured) => number | undefined;
  digits: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'messages/s', of: (slice) => slice.perSecond, digits: 0 },
  { title: 'p50 ms', of: (slice) => slice.p50Ms, digits: 1 },
  { title: 'p99 ms', of: (slice) => slice.p99Ms, digits: 1 },
  { title: 'answer p50', of: (slice) => slice.answerP50Ms, digits: 1 },
  { title: 'answer p99', of: (slice) => slice.answerP99Ms, digits: 1 },
  { title: 'above Meta', of: (slice) => slice.aboveMetaP50Ms, digits: 1 },
  { title: 'CPU ms', of: (slice) => slice.cpuMsPerMessage, digits: 3 },
  { title: 'PostgreSQL', of: (slice) => slice.postgresCpuMsPerMessage, digits: 3 },
  { title: 'harness', of: (slice) => slice.harnessCpuMsPerMessage, digits: 3 },
  { title: 'WAL bytes', of: (slice) => slice.walBytesPerMessage, digits: 0 },
];

export function table(compared: Comparison): string {
  const head = ['', ...COLUMNS.map((column) => column.title), 'peak MB'];
  const body = compared.sides.map((one) => [
    one.side,
    ...COLUMNS.map((column) => text(figureOf(one, column.of), column.digits)),
    text(peakMb(one), 0),
  ]);
  const [floor, ...others] = compared.sides;
  const lines = [`${compared.cell}: ${compared.title}`, ...aligned([head, ...body])];
  for (const other of others) if (floor) lines.push(ratioLine(other, floor));
  const loads = compared.sides.flatMap((one) => one.rounds.map((round) => round.loadAverage));
  lines.push(
    `Load average before the rounds: ${text(Math.min(...loads), 1)} to ${text(Math.max(...loads), 1)}`,
  );
  return lines.join('\n');
}

function ratioLine(other: SideResult, floor: SideResult): string {
  const ratios = ratiosOf(other, floor);
  const each = ratios.rounds.map((ratio) => text(ratio, 2)).join(' ');
  return `${other.side} ÷ ${floor.side}: ${text(ratios.perSecond, 2)} of its messages/s (rounds: ${each}), ${text(ratios.cpu, 2)} by CPU`;
}

/** The first side is the one that the others are measured by. */
export function ratioTo(compared: Comparison, other: string): number {
  const [first] = compared.sides;
  const found = compared.sides.find((one) => one.side === other);
  return (first && found && ratiosOf(found, first).perSecond) ?? Number.NaN;
}

export function figureAt(compared: Comparison, side: string, of: Column['of']): number {
  const found = compared.sides.find((one) => one.side === side);
  return (found && figureOf(found, of)) ?? Number.NaN;
}

export function comparisonAsJson(compared: Comparison): object {
  const { sides } = compared;
  return {
    ...compared,
    sides: sides.map((one) => ({
      side: one.side,
      figures: Object.fromEntries(COLUMNS.map((column) => [column.title, figureOf(one, column.of) ?? null])),
      peakMb: peakMb(one),
      rounds: one.rounds,
    })),
    ratios: Object.fromEntries(
      sides.slice(1).map((one) => [one.side, sides[0] ? ratiosOf(one, sides[0]) : null]),
    ),
  };
}

export function asJson(cells: readonly CellReport[], postgres: BenchPostgres): object {
  return {
    at: new Date().toISOString(),
    commit: commit(),
    machine: machine(postgres),
    verdicts: cells.flatMap((cell) => cell.verdicts),
    cells: cells.map(({ cell, json }) => ({ cell, ...json })),
  };
}

/** How the run stands to what is wanted, line by line. */
export function summary(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((one) => [
    one.cell,
    one.what,
    text(one.measured, Math.abs(one.measured) < 10 ? 2 : 0),
    one.wanted,
    one.met ? 'PASS' : 'FAIL',
  ]);
  return [
    'What is wanted, and what this run showed',
    ...aligned([['cell', 'figure', '', 'wanted', ''], ...rows]),
  ].join('\n');
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

function ratiosOf(
  other: SideResult,
  floor: SideResult,
): { perSecond: number | undefined; rounds: (number | undefined)[]; cpu: number | undefined } {
  const perSecond = pairs(other, floor, (one, least) => one.perSecond / least.perSecond);
  const cpu = pairs(other, floor, (one, least) => least.cpuMsPerMessage / one.cpuMsPerMessage);
  return { perSecond: median(perSecond.flat()), rounds: perSecond.map(median), cpu: median(cpu.flat()) };
}

function pairs(
  other: SideResult,
  floor: SideResult,
  of: (one: Measured, least: Measured) => number,
): number[][] {
  return other.rounds.map((round, i) =>
    round.slices.flatMap((slice, k) => {
      const beside = floor.rounds[i]?.slices[k];
      return beside ? [of(slice, beside)] : [];
    }),
  );
}

function figureOf(side: SideResult, of: Column['of']): number | undefined {
  return median(side.rounds.map((round) => median(round.slices.map(of))));
}

function peakMb(side: SideResult): number | undefined {
  return median(side.rounds.map((round) => Math.max(...round.slices.map((slice) => slice.rssPeakMb))));
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  return known[known.length >> 1];
}

export function text(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

// Words begin at the left, figures end at the right.
function isWords(rows: string[][], column: number): boolean {
  return /^[a-z≥≤<]/i.test(rows[1]?.[column] ?? '');
}

export function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (isWords(rows, i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
