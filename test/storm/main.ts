// npm run test:deliveries: a calm run with the healthy subscriptions alone, then the storm, and the one held against the other. Its exit
// code is 0 only when every promise was kept.
import { parseArgs } from 'node:util';

import { startCrashPostgres } from '../crash/crash-house.ts';
import { planStorm, type StormPlan } from './plan.ts';
import { runStorm } from './storm.ts';
import { judgeDelay, judgeStorm, type Finding, type Verdict } from './verdict.ts';

const HELP = `npm run test:deliveries -- [options]

  --seed N            drawn if not given
  --events N          that customers write (2000)
  --subscriptions N   that hear of each (50): of fifty, 5 never answer, 5 answer 500 by chance, 5 answer 429, 2 refuse connections,
                      1 is taken away midway
  --kills N           kill -9 of the node (3)
  --retry-scale N     by what the waits between tries are divided (1000)
  --rate N            events a second (20)
  --runs N            storms from consecutive seeds, each with its calm run (1)
  --help

A seed and the same options give the same plan: who behaves how, what is posted when, and when the node is killed.
`;

const FINDINGS_SHOWN = 10;
const SEED_MAX = 1_000_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    events: { type: 'string', default: '2000' },
    subscriptions: { type: 'string', default: '50' },
    kills: { type: 'string', default: '3' },
    'retry-scale': { type: 'string', default: '1000' },
    rate: { type: 'string', default: '20' },
    runs: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else process.exit((await runAll()) ? 0 : 1);

async function runAll(): Promise<boolean> {
  await using postgres = await startCrashPostgres();
  const seed =
    values.seed === undefined ? 1 + Math.floor(Math.random() * SEED_MAX) : count('seed', values.seed);
  const failed: number[] = [];
  const runs = count('runs', values.runs);
  for (let run = 0; run < runs; run++) {
    const plan = planStorm({
      seed: seed + run,
      events: count('events', values.events),
      subscriptions: count('subscriptions', values.subscriptions),
      kills: count('kills', values.kills),
      retryScale: count('retry-scale', values['retry-scale']),
      rate: count('rate', values.rate),
    });
    if ((await runOne(plan, postgres)).length > 0) failed.push(plan.seed);
  }
  if (runs > 1) console.log(`\n${runs - failed.length} of ${runs} storms kept every promise.`);
  if (failed.length > 0) console.log(`Broken by the seeds ${failed.join(', ')}.`);
  return failed.length === 0;
}

async function runOne(plan: StormPlan, postgres: { url: string }): Promise<Finding[]> {
  const say = (line: string): void => console.log(`    ${line}`);
  console.log(`seed ${plan.seed}: ${plan.events} events to ${plan.manners.length} subscriptions`);
  const calm = await runStorm(calmOf(plan), { postgres, say });
  const usual = judgeStorm(calm.evidence);
  tell('calm ', usual, calm.seconds);
  const storm = await runStorm(plan, { postgres, say });
  const verdict = judgeStorm(storm.evidence);
  const findings = [...usual.findings, ...verdict.findings, ...judgeDelay(verdict.figures, usual.figures)];
  tell('storm', verdict, storm.seconds);
  console.log(`  ${findings.length === 0 ? 'ok' : 'BROKEN'}`);
  for (const { promise, about } of findings.slice(0, FINDINGS_SHOWN))
    console.log(`    ${promise}: ${about.slice(0, 2_000)}`);
  if (findings.length > FINDINGS_SHOWN) console.log(`    … and ${findings.length - FINDINGS_SHOWN} more`);
  if (findings.length > 0) console.log(`    kept: ${storm.keep()}`);
  return findings;
}

/** The same without the bad ones and without kills. */
function calmOf(plan: StormPlan): StormPlan {
  const isWell = (_: unknown, i: number): boolean => plan.manners[i] === 'well';
  return {
    ...plan,
    manners: plan.manners.filter(isWell),
    dialects: plan.dialects.filter(isWell),
    killsAtMs: [],
  };
}

function tell(name: string, { figures }: Verdict, seconds: number): void {
  const f = figures;
  console.log(
    `  ${name}: ${f.requests} requests, ${f.told} of them taken by healthy ones; p50 ${f.p50Ms} ms, p99 ${f.p99Ms} ms of ${f.measured}; ` +
      `${f.duplicates} told again of ${f.inFlightAtKills} in flight at kills (the oldest answered ${f.oldestDuplicateMs} ms before); ` +
      `caught up after ${f.caughtUpMs.join(', ') || '–'} ms; ${JSON.stringify(f.ends)}; ${Math.round(seconds)} s`,
  );
}

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new Error(`--${name} is a whole number from 1.`);
}
