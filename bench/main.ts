// npm run bench: the gateway beside a bare program that takes the same durable steps, on one PostgreSQL, in interleaved rounds; prints
// medians and their ratio, and what is wanted of them. Everything is on loopback, bounded in count and time, and gone afterwards.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Cell } from './cell.ts';
import { CELLS } from './cells.ts';
import type { Chosen } from './compare.ts';
import type { Stage } from './measure.ts';
import { startPostgres, type BenchPostgres } from './postgres.ts';
import { startProcess } from './processes.ts';
import { asJson, machine, summary, type CellReport } from './report.ts';

const HELP = `npm run bench -- [options]

  --quick          the base cell alone, with fewer messages
  --cell NAME      this cell alone; may be given several times
  --rounds N       rounds of each side (default 3)
  --messages N     messages of each side a round, where sides are compared
  --json FILE      write every round's figures there
  --against DIR    also measure the gateway of another checkout
  --profile DIR    keep CPU profiles of the sides there, and count PostgreSQL's statements
  --help

Cells:
${CELLS.map(({ name, about }) => `  ${name.padEnd(15)}${about}`).join('\n')}

What is measured, and how, is in bench/README.md.`;

interface Options extends Chosen {
  cells: readonly Cell[];
  json: string | undefined;
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
      cell: { type: 'string', multiple: true },
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
  return {
    quick: values.quick,
    cells: cellsOf(values.cell ?? (values.quick ? ['base'] : undefined)),
    rounds: count('rounds', values.rounds),
    messages: values.messages === undefined ? undefined : count('messages', values.messages),
    json: values.json,
    against: values.against,
    profile: values.profile,
  };
}

function cellsOf(names: readonly string[] | undefined): readonly Cell[] {
  const unknown = names?.find((name) => !CELLS.some((cell) => cell.name === name));
  if (unknown !== undefined)
    throw new Error(
      `--cell ${unknown} is none of them. There are: ${CELLS.map((cell) => cell.name).join(', ')}.`,
    );
  return CELLS.filter((cell) => names === undefined || names.includes(cell.name));
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
  const stage = await setStage(postgres, ending);
  console.log(JSON.stringify(machine(postgres)));
  const reports: CellReport[] = [];
  for (const [i, cell] of chosen.cells.entries()) {
    const startedAt = performance.now();
    console.error(`… ${i + 1} of ${chosen.cells.length}: ${cell.name}`);
    for await (const report of cell.run(stage, chosen)) {
      reports.push(report);
      console.log(`\n${report.text}`);
    }
    console.error(`… ${cell.name} took ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  }
  const verdicts = reports.flatMap((report) => report.verdicts);
  if (verdicts.length > 0) console.log(`\n${summary(verdicts)}`);
  if (chosen.json !== undefined) await keep(chosen.json, reports, postgres);
}

async function setStage(postgres: BenchPostgres, ending: AsyncDisposableStack): Promise<Stage> {
  const begin = async <Ready>(name: string): Promise<Awaited<ReturnType<typeof startProcess<Ready>>>> => {
    const begun = await startProcess<Ready>(join(import.meta.dirname, `${name}.ts`), {
      input: null,
      logFile: join(postgres.folder, `${name}.log`),
    });
    ending.defer(() => begun.stop());
    return begun;
  };
  return {
    postgres,
    meta: await begin<{ url: string }>('fake-meta'),
    load: await begin<object>('load'),
    subscriber: await begin<{ url: string }>('subscriber'),
  };
}

async function keep(file: string, reports: readonly CellReport[], postgres: BenchPostgres): Promise<void> {
  await writeFile(file, `${JSON.stringify(asJson(reports, postgres), null, 2)}\n`);
  console.log(`\nEvery round's figures: ${file}`);
}
