// npm run test:crash: runs from consecutive seeds, a line for each, and true as its exit code: 0 only when every run kept every promise.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startCrashPostgres } from './crash-house.ts';
import { makePlan, type PlanOptions, type Plan } from './plan.ts';
import { runCrash, type RunResult } from './run.ts';

const HELP = `npm run test:crash -- [options]

  --runs N                   how many (40); their seeds follow each other
  --seed N                   of the first run; drawn if not given
  --sends N                  in each run (10000)
  --kills N                  of a node, in each run (5); PostgreSQL is killed once
  --policy fail|resend|both  what becomes of unknown outcomes (both: the seed decides)
  --nodes 1|2|both           how many nodes on one PostgreSQL (both: the seed decides)
  --keep                     keeps the folder of each run: logs, ledgers
  --help

A seed and the same options give the same plan: what is sent to whom, how Meta behaves, and what is killed when.
`;

const FINDINGS_SHOWN = 10;
const SEED_MAX = 1_000_000;

interface Options extends Omit<PlanOptions, 'seed'> {
  runs: number;
  seed: number;
  keep: boolean;
}

const options = readOptions();
// An interrupted run would go on in vain.
if (options) process.exit(await runAll(options));

async function runAll({ runs, keep, seed, ...rest }: Options): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const postgres = stack.use(await startCrashPostgres());
  const failed: number[] = [];
  const startedAt = performance.now();
  for (let run = 0; run < runs; run++) {
    const plan = makePlan({ ...rest, seed: seed + run });
    const head = `${run + 1}/${runs} ${named(plan)}`;
    const say = (line: string): void => console.log(`    ${line}`);
    console.log(head);
    const result = await Promise.race([
      runCrash({ plan, postgres, keep, say }).catch((error: unknown) => String(error)),
      interrupted,
    ]);
    if (result === 'interrupted') return 130;
    if (typeof result === 'string') console.log(`  BROKEN ${head}: ${result}`);
    else tell(head, result);
    if (typeof result === 'string' || result.verdict.findings.length > 0) failed.push(seed + run);
    // Sockets and processes of the run go before the next one begins.
    await pause(100);
  }
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(`\n${runs - failed.length} of ${runs} runs kept every promise, in ${minutes} minutes.`);
  if (failed.length > 0)
    console.log(`Broken by the seeds ${failed.join(', ')}: --runs 1 --seed N repeats one.`);
  return failed.length === 0 ? 0 : 1;
}

function named({ seed, policy, nodes, webhooks }: Plan): string {
  return `seed ${seed}: ${policy}, ${nodes === 1 ? 'one node' : 'two nodes'}, webhooks ${webhooks}`;
}

function tell(head: string, { verdict, told, recoveries, laneMoves, seconds, folder }: RunResult): void {
  const { findings, counts } = verdict;
  const kills = recoveries.filter(({ kind }) => kind === 'kill node');
  const slowest = Math.max(0, ...kills.map(({ answeredMs }) => answeredMs));
  const again = Math.max(0, ...kills.map(({ startedMs }) => startedMs));
  const postgresMs = recoveries.find(({ kind }) => kind === 'kill postgres')?.answeredMs ?? 0;
  console.log(
    `  ${findings.length === 0 ? 'ok    ' : 'BROKEN'} ${head}: ${counts.sends} sends, ${counts.once} at Meta once, ${counts.unknown} unknown, ` +
      `${counts.resent} resent, ${counts.failed} failed by Meta, ${counts.withdrawn} withdrawn, ${counts.overridden} overridden late; ` +
      `${counts.answersLost} answers lost, ${counts.orderedPairs} pairs in order; ${kills.length} kills, answered again within ${Math.round(slowest)} ms, ` +
      `started within ${Math.round(again)} ms, PostgreSQL ${Math.round(postgresMs)} ms; ${laneMoves} lanes moved; ${told.written} written to us, ${told.told} told to healthy ones, ${told.again} of them again, ${told.inOrder} pairs of them in order; ` +
      `${seconds.sending.toFixed(0)} + ${seconds.settling.toFixed(0)} s of ${seconds.all.toFixed(0)} s`,
  );
  for (const { promise, about } of findings.slice(0, FINDINGS_SHOWN)) console.log(`    ${promise}: ${about}`);
  if (findings.length > FINDINGS_SHOWN) console.log(`    … and ${findings.length - FINDINGS_SHOWN} more`);
  if (folder !== undefined) console.log(`    kept: ${folder}`);
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '40' },
      seed: { type: 'string' },
      sends: { type: 'string', default: '10000' },
      kills: { type: 'string', default: '5' },
      policy: { type: 'string', default: 'both' },
      nodes: { type: 'string', default: 'both' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  const policy = (['fail', 'resend'] as const).find((one) => one === values.policy);
  const nodes = ([1, 2] as const).find((one) => String(one) === values.nodes);
  if (policy === undefined && values.policy !== 'both') throw new Error('--policy is fail, resend or both.');
  if (nodes === undefined && values.nodes !== 'both') throw new Error('--nodes is 1, 2 or both.');
  return {
    runs: count('runs', values.runs),
    seed: values.seed === undefined ? 1 + Math.floor(Math.random() * SEED_MAX) : count('seed', values.seed),
    sends: count('sends', values.sends),
    kills: count('kills', values.kills),
    policy,
    nodes,
    keep: values.keep,
  };
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new Error(`--${name} is a whole number from 1.`);
}
