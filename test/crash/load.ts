// The application of a run: sends over 64 connections, each with its key, and repeats what was not answered with the same key until it
// is. It keeps a ledger of its own: when each send was first asked, when it was first answered, and with which id.
import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';

import { isObject, jsonOf } from '../../src/kernel/json.ts';
import type { Random } from '../../src/kernel/random.ts';
import type { PlannedSend } from './plan.ts';

export interface SendRecord {
  planned: PlannedSend;
  /** Milliseconds of this process. */
  askedAt: number;
  /** Of the first answer that says it was accepted. */
  answeredAt: number | undefined;
  /** Of all such answers. */
  ids: string[];
  asked: number;
  /** Why it had to be repeated, and how often. */
  repeats: Record<string, number>;
  /** Told in Meta's shape that the outcome is unknown: it may come to be withdrawn, but is there to be asked for. */
  unsure: boolean;
  /** An answer that no send may get. */
  wrong: string | undefined;
}

export interface Door {
  url: string;
  living: boolean;
}

export interface Load extends AsyncDisposable {
  readonly records: SendRecord[];
  /** Asks until it is answered. */
  send(planned: PlannedSend): Promise<SendRecord>;
  /** Sends bursts over all connections; resolves when all are answered. */
  sendAll(bursts: readonly PlannedSend[][]): Promise<void>;
  /** Asks once more with the same key; the id it was answered with, and whether as a replay. */
  repeat(planned: PlannedSend): Promise<{ id: string | undefined; replayed: boolean }>;
  answered(): number;
  /** Resolves when so many sends were answered, or all of `sendAll`. */
  reached(answers: number): Promise<void>;
  /** Resolves at the next answer. */
  nextAnswer(): Promise<void>;
}

export interface LoadInput {
  doors: readonly Door[];
  apiKey: string;
  random: Random;
}

const CONNECTIONS = 64;
/** The others are for the repeats that are asked in the same moment. */
const WORKERS = 58;
const ANSWER_WITHIN_MS = 10_000;
const GIVE_UP_MS = 90_000;

interface State {
  input: LoadInput;
  pools: Map<string, Pool>;
  records: SendRecord[];
  answered: number;
  over: boolean;
  closed: boolean;
  waiting: { answers: number; tell: () => void }[];
}

export function openLoad(input: LoadInput): Load {
  const pools = new Map(
    input.doors.map((door) => [door.url, new Pool(door.url, { connections: CONNECTIONS, pipelining: 1 })]),
  );
  const state: State = { input, pools, records: [], answered: 0, over: false, closed: false, waiting: [] };
  const wait = (answers: number): Promise<void> =>
    new Promise((tell) => {
      if (state.over || state.answered >= answers) tell();
      else state.waiting.push({ answers, tell });
    });
  return {
    records: state.records,
    send: (planned) => send(state, planned),
    sendAll: (bursts) => sendAll(state, bursts),
    repeat: async (planned) => {
      const { id, replayed } = await askOnce(state, planned);
      return { id, replayed };
    },
    answered: () => state.answered,
    reached: wait,
    nextAnswer: () => wait(state.answered + 1),
    async [Symbol.asyncDispose]() {
      state.closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

async function sendAll(state: State, bursts: readonly PlannedSend[][]): Promise<void> {
  const left = [...bursts].toReversed();
  const worker = async (): Promise<void> => {
    for (let burst = left.pop(); burst; burst = left.pop()) {
      for (const planned of burst) await send(state, planned);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  state.over = true;
  tellWaiting(state);
}

async function send(state: State, planned: PlannedSend): Promise<SendRecord> {
  const record: SendRecord = {
    planned,
    askedAt: performance.now(),
    answeredAt: undefined,
    ids: [],
    asked: 0,
    repeats: {},
    unsure: false,
    wrong: undefined,
  };
  state.records.push(record);
  const asks = Array.from({ length: planned.twice ? 2 : 1 }, () => askUntilAnswered(state, record));
  await Promise.all(asks);
  if (record.answeredAt !== undefined) {
    state.answered++;
    tellWaiting(state);
  }
  return record;
}

async function askUntilAnswered(state: State, record: SendRecord): Promise<void> {
  const until = record.askedAt + GIVE_UP_MS;
  while (performance.now() < until && record.wrong === undefined && !state.closed) {
    record.asked++;
    const answer = await askOnce(state, record.planned);
    if (answer.id !== undefined) {
      record.answeredAt ??= performance.now();
      record.ids.push(answer.id);
      record.unsure ||= answer.unsure ?? false;
      return;
    }
    if (answer.wrong !== undefined) record.wrong = answer.wrong;
    const { again } = answer;
    if (again !== undefined) record.repeats[again] = (record.repeats[again] ?? 0) + 1;
    await pause(30 + state.input.random() * 120);
  }
}

interface Answer {
  id: string | undefined;
  replayed: boolean;
  unsure?: boolean;
  /** Not accepted, or nobody knows: to be repeated, and why. */
  again?: string;
  wrong?: string;
}

async function askOnce(state: State, planned: PlannedSend): Promise<Answer> {
  const pool = state.pools.get(doorFor(state).url);
  if (!pool) throw new Error('A door has no pool.');
  const { dialect, number, to, text } = planned;
  try {
    const response = await pool.request({
      method: 'POST',
      path: dialect === 'kirim' ? `/v1/${number}/messages` : `/v23.0/${number}/messages`,
      headers: {
        authorization: `Bearer ${state.input.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': planned.key,
        ...planned.headers,
      },
      body: JSON.stringify({ messaging_product: 'whatsapp', to, type: 'text', text: { body: text } }),
      headersTimeout: ANSWER_WITHIN_MS,
      bodyTimeout: ANSWER_WITHIN_MS,
    });
    return judge(planned, response, await response.body.text());
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'broken';
    return { id: undefined, replayed: false, again: code };
  }
}

// Any that lives; while none does, any: what is refused is repeated.
function doorFor({ input }: State): Door {
  const living = input.doors.filter((door) => door.living);
  const among = living.length > 0 ? living : input.doors;
  const door = among[Math.floor(input.random() * among.length)];
  if (!door) throw new Error('There is no door.');
  return door;
}

function judge(
  { dialect }: PlannedSend,
  { statusCode, headers }: Dispatcher.ResponseData,
  text: string,
): Answer {
  const replayed = headers['idempotent-replayed'] === 'true';
  const named = headers['x-kurir-message-id'];
  // In Meta's shape the id is in a header, also where the outcome is unknown.
  if (dialect === 'graph' && typeof named === 'string')
    return { id: named, replayed, unsure: statusCode >= 500 };
  if (statusCode === 503 || statusCode === 429) {
    const why = text.includes('withdrawn') ? 'withdrawn' : `HTTP ${statusCode}`;
    return { id: undefined, replayed, again: why };
  }
  const body = jsonOf(text);
  const data = isObject(body) ? body['data'] : undefined;
  const id = isObject(data) ? data['id'] : undefined;
  if (statusCode === 200 && typeof id === 'string') return { id, replayed };
  return { id: undefined, replayed, wrong: `HTTP ${statusCode} ${text.slice(0, 300)}` };
}

function tellWaiting(state: State): void {
  const ready = state.waiting.filter((one) => state.over || one.answers <= state.answered);
  if (ready.length === 0) return;
  state.waiting = state.waiting.filter((one) => !ready.includes(one));
  for (const one of ready) one.tell();
}
