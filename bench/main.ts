// npm run bench: the gateway beside a bare program that takes the same durable steps, on one PostgreSQL, in interleaved rounds; prints
// medians and their ratio. Everything is on loopback, bounded in count and time, and gone afterwards.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { measureRound, type Effort, type Mode, type Side, type Stage } from './measure.ts';
import { startPostgres, type BenchPostgres, type StatementCost } from './postgres.ts';
import { startProcess } from './processes.ts';
import { asJson, machine, table, type CellResult } from './report.ts';

const HELP = `npm run bench -- [options]

  --quick          the base cell alone, with fewer messages
  --mode MODE      send-and-wait or full; both if not given
  --rounds N       rounds of each side (default 3)
  --messages N     messages of each side a round
  --json FILE      write every round's figures there
  --against DIR    also measure the gateway of another checkout
  --profile DIR    keep CPU profiles of the sides there, and count PostgreSQL's statements
  --help

What is measured, and how, is in bench/README.md.`;

const FILES = {
  meta: fileURLToPath(import.meta.resolve('./fake-meta.ts')),
  load: fileURLToPath(import.meta.resolve('./load.ts')),
  floor: fileURLToPath(import.meta.resolve('./floor.ts')),
  gateway: fileURLToPath(import.meta.resolve('./gateway-side.ts')),
};
const MODES: readonly Mode[] = ['send-and-wait', 'full'];
const SLICES = { whole: 8, quick: 4 };
/** Messages a side and round, all slices together. */
const MESSAGES: Record<Mode, { whole: number; quick: number }> = {
  'send-and-wait': { whole: 12_000, quick: 6_000 },
  full: { whole: 8_000, quick: 4_000 },
};
// Half of what a young process burns is the compiler's.
const WARM_UP = { whole: 5_000, quick: 3_000 };

interface Options {
  quick: boolean;
  modes: readonly Mode[];
  rounds: number;
  messages: number | undefined;
  json: string | undefined;
  against: string | undefined;
  profile: string | undefined;
}

let stopping = false;
try {
  const options = readOptions();
  if (options) await bench(options);
} catch (error) {
  // What fails because everything is being stopped is not worth a word.
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      mode: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      messages: { type: 'string' },
      json: { type: 'string' },
      against: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  const modes = MODES.filter((mode) => values.mode === undefined || values.mode === mode);
  if (modes.length === 0) throw new Error(`--mode is ${MODES.join(' or ')}.`);
  return {
    quick: values.quick,
    modes,
    rounds: count('rounds', values.rounds),
    messages: values.messages === undefined ? undefined : count('messages', values.messages),
    json: values.json,
    against: values.against,
    profile: values.profile,
  };
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`--${name} is a whole number from 1 to 999999.`);
}

async function bench(chosen: Options): Promise<void> {
  await using ending = new AsyncDisposableStack();
  const end = (): void => {
    stopping = true;
    void ending.disposeAsync().finally(() => process.exit(130));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  const postgres = ending.use(await startPostgres({ statements: chosen.profile !== undefined }));
  const stage: Stage = {
    postgres,
    meta: await startProcess(FILES.meta, {
      input: null,
      logFile: join(postgres.folder, 'fake-meta.log'),
    }),
    load: await startProcess(FILES.load, { input: null, logFile: join(postgres.folder, 'load.log') }),
  };
  ending.defer(() => stage.meta.stop());
  ending.defer(() => stage.load.stop());
  console.log(JSON.stringify(machine(postgres)));
  const cells: CellResult[] = [];
  for (const mode of chosen.modes) {
    const cell = await runCell(stage, mode, chosen);
    cells.push(cell);
    console.log(`\n${table(cell)}`);
    if (chosen.profile !== undefined) console.log(`\n${statements(cell)}`);
  }
  if (chosen.json !== undefined) await keep(chosen.json, cells, postgres);
}

async function runCell(stage: Stage, mode: Mode, chosen: Options): Promise<CellResult> {
  const sides: Side[] = [
    { name: 'floor', file: FILES.floor },
    { name: 'gateway', file: FILES.gateway },
  ];
  if (chosen.against !== undefined)
    sides.push({ name: 'against', file: resolve(chosen.against, 'bench/gateway-side.ts') });
  if (chosen.profile !== undefined) await mkdir(chosen.profile, { recursive: true });
  const size = chosen.quick ? 'quick' : 'whole';
  const messages = chosen.messages ?? MESSAGES[mode][size];
  const effort: Effort = {
    mode,
    slices: SLICES[size],
    messagesPerSlice: Math.ceil(messages / SLICES[size]),
    warmUp: WARM_UP[size],
    latencyMs: 0,
    profileFolder: chosen.profile === undefined ? undefined : resolve(chosen.profile),
  };
  const results = sides.map((side): CellResult['sides'][number] => ({ side: side.name, rounds: [] }));
  for (let round = 1; round <= chosen.rounds; round++) {
    const rounds = await measureRound(stage, sides, { ...effort, round });
    for (const [i, one] of rounds.entries()) results[i]?.rounds.push(one);
  }
  return { mode, messages, latencyMs: effort.latencyMs, sides: results };
}

function statements(cell: CellResult): string {
  const line = (one: StatementCost): string =>
    `${String(one.calls).padStart(7)} calls  ${one.rowsPerCall.toFixed(1).padStart(6)} rows  ${one.meanMs.toFixed(2).padStart(7)} ms + ${one.meanPlanMs.toFixed(2)} ms plan  ${one.walBytesPerCall.toFixed(0).padStart(7)} B WAL  ${one.query.replace(/\s+/g, ' ').trim().slice(0, 90)}`;
  return cell.sides
    .map((side) => [
      `${side.side}: statements of the last round`,
      ...(side.rounds.at(-1)?.statements.map(line) ?? []),
    ])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

async function keep(file: string, cells: CellResult[], postgres: BenchPostgres): Promise<void> {
  await writeFile(file, `${JSON.stringify(asJson(cells, postgres), null, 2)}\n`);
  console.log(`\nEvery round's figures: ${file}`);
}
