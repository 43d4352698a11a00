// One run: the house, the sends, the calamities, and then, once Meta's webhooks have settled, the ledgers side by side.
import { setTimeout as pause } from 'node:timers/promises';

import { seededRandom } from '../../src/kernel/random.ts';
import { causeAll, type Recovery } from './calamities.ts';
import { allWrite } from './customers.ts';
import { startCrashHouse, type CrashHouse, type CrashPostgres } from './crash-house.ts';
import { watchLanes } from './lane-watch.ts';
import { readMetaLedger, readShown, readStory, readUnsettled, type Api, type MetaLedger } from './ledgers.ts';
import { openLoad, type Load } from './load.ts';
import { ANSWERS_LOST, oneMore, type Plan } from './plan.ts';
import { judgeTold, untilAllIsTold, type ToldCounts } from './told.ts';
import { judgeRun, type Finding, type Verdict } from './verdict.ts';

export interface RunResult {
  verdict: Verdict;
  told: ToldCounts;
  recoveries: Recovery[];
  /** How often a lane went from one node to the other. */
  laneMoves: number;
  seconds: { sending: number; settling: number; all: number };
  /** Present where something is wrong, or it was asked for: logs, ledgers and the stories of what was found. */
  folder: string | undefined;
}

export interface RunOptions {
  plan: Plan;
  postgres: CrashPostgres;
  keep: boolean;
  say: (line: string) => void;
}

const READY_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS = 90_000;
/** Longer than Meta takes for all statuses of a message. */
const SILENT_MS = 5_000;
/** Places of further sends that go while the others do. */
const BESIDES = 1_000_000;
const REPEATED = 50;
const FINDINGS_TOLD = 10;

export async function runCrash({ plan, postgres, keep, say }: RunOptions): Promise<RunResult> {
  const startedAt = performance.now();
  const findings: Finding[] = [];
  await using house = await startCrashHouse(plan, postgres);
  const random = seededRandom(plan.seed + 1);
  const watch = watchLanes(house.database);
  await using load = openLoad({ doors: house.nodes, apiKey: house.apiKey, random });
  await untilCustomersHaveWritten(house);
  await loseAnswers(house);
  const sendingAt = performance.now();
  const sent = load.sendAll(plan.bursts);
  const [recoveries] = await Promise.all([
    causeAll({ house, load, calamities: plan.calamities, say }),
    sent,
    allWrite({ house, load, writes: plan.writes }),
    useNumbersUntil(sent, { plan, house, load, findings }),
  ]);
  const settlingAt = performance.now();
  say(`${load.answered()} answered; waiting for Meta's last word`);
  const meta = await settle({ plan, house, load, findings });
  await repeatSome({ plan, house, load, findings });
  const evidence = await gather(house, plan, { load, meta });
  const verdict = judgeRun(evidence);
  const waits = await untilAllIsTold(house);
  await house.receivers.stop();
  const told = judgeTold({
    meta,
    outbound: evidence.shown,
    inbound: await readShown(apiOf(house), 'inbound'),
    requests: house.receivers.requests,
    waits,
  });
  await watch.stop();
  findings.push(...watch.findings(), ...verdict.findings, ...told.findings, ...(await judgeHouse(house)));
  const endedAt = performance.now();
  const kept = keep || findings.length > 0;
  if (kept) house.keep({ plan, findings, records: load.records, ...(await rowsOf(house, findings)) });
  return {
    verdict: { ...verdict, findings },
    told: told.counts,
    recoveries,
    laneMoves: watch.moves(),
    seconds: {
      sending: (settlingAt - sendingAt) / 1_000,
      settling: (endedAt - settlingAt) / 1_000,
      all: (endedAt - startedAt) / 1_000,
    },
    folder: kept ? house.folder : undefined,
  };
}

async function untilCustomersHaveWritten(house: CrashHouse): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${house.simulatorUrl}/_sim/v1/ready`);
    const { pending } = JSON.parse(await response.text()) as { pending: number };
    if (response.ok && pending === 0) return;
    if (performance.now() > until)
      throw new Error(`The gateway did not take what customers wrote: ${pending} wait.`);
    await pause(50);
  }
}

// Half of them by a reset, half by silence; and a few calls that are not even taken, which looks the same from outside.
async function loseAnswers(house: CrashHouse): Promise<void> {
  await fault(house, 'lost-by-reset', {
    effect: { kind: 'lost_answer', how: 'reset' },
    probability: ANSWERS_LOST / 2,
  });
  await fault(house, 'lost-in-silence', {
    effect: { kind: 'lost_answer', how: 'timeout' },
    probability: ANSWERS_LOST / 2,
  });
  await fault(house, 'not-taken', {
    effect: { kind: 'not_taken', how: 'reset' },
    probability: ANSWERS_LOST / 4,
  });
  await fault(house, 'fails-later', {
    effect: { kind: 'webhook_error', code: 131026 },
    probability: ANSWERS_LOST / 2,
  });
}

async function fault(house: CrashHouse, id: string, asked: object): Promise<void> {
  const response = await fetch(`${house.simulatorUrl}/_sim/v1/faults/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  if (!response.ok) throw new Error(`The simulator refused a fault: ${await response.text()}`);
}

interface Settling {
  plan: Plan;
  house: CrashHouse;
  load: Load;
  findings: Finding[];
}

// Numbers go on being used, as they would: an unknown outcome is decided when a later message of its number is heard of. Under `resend` it
// holds up its recipient until then, and the last callers would be told for ever that their message was withdrawn.
async function useNumbersUntil(sent: Promise<void>, { plan, house, load }: Settling): Promise<void> {
  let isOver = false;
  void sent.finally(() => (isOver = true));
  const more: Promise<unknown>[] = [];
  for (let round = 0; !isOver; round++) {
    // A node that was just killed does not answer.
    const unsettled = await readUnsettled(apiOf(house)).catch(() => []);
    more.push(...useNumbers({ plan, load }, unsettled, BESIDES + round * 100));
    await pause(1_000);
  }
  await Promise.all(more);
}

function useNumbers(
  { plan, load }: Pick<Settling, 'plan' | 'load'>,
  unsettled: Awaited<ReturnType<typeof readUnsettled>>,
  place: number,
): Promise<unknown>[] {
  const old = unsettled.filter((one) => Date.now() - Date.parse(one.created_at) > SILENT_MS);
  const numbers = [...new Set(old.map((one) => one.phone_number_id))];
  return numbers.map((number, i) => load.send(oneMore(plan, number, place + i)));
}

async function settle({ plan, house, load, findings }: Settling): Promise<MetaLedger> {
  await fetch(`${house.simulatorUrl}/_sim/v1/faults`, { method: 'DELETE' });
  const api = apiOf(house);
  const readers = new Set(plan.recipients.filter(({ reads }) => reads).map(({ phone }) => phone));
  const until = performance.now() + SETTLED_WITHIN_MS;
  for (let round = 0; ; round++) {
    const unsettled = await readUnsettled(api);
    if (unsettled.length === 0) {
      const meta = readMetaLedger(house.ledgerFile, (phone) => readers.has(phone));
      const open =
        meta.arrivals.filter((arrival) => !arrival.settled).length +
        meta.written.filter((one) => !one.taken).length;
      // What came in between is seen by one more look.
      if (open === 0 && (await readUnsettled(api)).length === 0) return meta;
    }
    if (performance.now() > until) {
      const about = `${unsettled.length} messages or more are not after ${SETTLED_WITHIN_MS} ms: ${unsettled[0]?.id}`;
      findings.push({ promise: 'every status is final', about });
      return readMetaLedger(house.ledgerFile, (phone) => readers.has(phone));
    }
    await Promise.all(useNumbers({ plan, load }, unsettled, round * 100));
    await pause(1_000);
  }
}

// Each key still stands for its message: a repeat attaches to it, and nothing more is sent (the ledgers are read afterwards).
async function repeatSome({ load, findings }: Settling): Promise<void> {
  for (const { planned, ids } of load.records
    .filter(({ ids: answered, unsure }) => answered.length > 0 && !unsure)
    .slice(0, REPEATED)) {
    const { id, replayed } = await load.repeat(planned);
    if (id !== ids[0] || !replayed)
      findings.push({
        promise: 'once per key',
        about: `a repeat of ${planned.key} was answered with ${id ?? 'nothing'}, replayed: ${replayed}`,
      });
  }
}

async function gather(house: CrashHouse, plan: Plan, seen: { load: Load; meta: MetaLedger }) {
  const api = apiOf(house);
  const shown = await readShown(api);
  const taken = Map.groupBy(seen.meta.arrivals, (arrival) => arrival.messageId);
  const twice = [...taken].filter(([, arrivals]) => arrivals.length > 1).map(([id]) => id);
  const stories = new Map(
    await Promise.all(twice.map(async (id) => [id, await readStory(api, id)] as const)),
  );
  const rows = await house.database.query<{ id: string; attempt: number; epoch: number }>(
    'select id, attempt, epoch from message_states where epoch is not null',
  );
  const epochs = new Map(rows.map(({ id, attempt, epoch }) => [`${id}.${attempt}`, epoch]));
  return { plan, records: seen.load.records, meta: seen.meta, shown, stories, epochs };
}

async function judgeHouse(house: CrashHouse): Promise<Finding[]> {
  const died = house.nodes.filter((node) => node.process.died());
  const rows = await house.database.query<{ open: number }>(
    `select count(*)::int as open from message_states where turn is not null or ready_at is not null`,
  );
  const open = rows[0]?.open ?? 0;
  return [
    ...died.map((node) => ({ promise: 'it runs on', about: `${node.name} ended by itself` })),
    ...(open > 0
      ? [{ promise: 'nothing is left over', about: `${open} messages still stand in line or are watched` }]
      : []),
  ];
}

// What a person would look at next.
async function rowsOf(house: CrashHouse, findings: readonly Finding[]): Promise<Record<string, unknown>> {
  const ids = new Set(findings.flatMap(({ about }) => about.match(/msg_\w+/g) ?? []).slice(0, FINDINGS_TOLD));
  const values = [[...ids]];
  return {
    stories: await Promise.all([...ids].map((id) => readStory(apiOf(house), id).catch(String))),
    states: await house.database.query('select * from message_states where id = any($1)', values),
    attempts: await house.database.query('select * from attempts where message_id = any($1)', values),
    lanes: await house.database.query('select * from lanes'),
    gaps: await house.database.query('select * from door_gaps'),
  };
}

function apiOf(house: CrashHouse): Api {
  return { url: house.nodes[0]?.url ?? '', apiKey: house.apiKey };
}
