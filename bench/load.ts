// The load: requests over many connections, a fresh key on each send, and the times they took. A message counts when it is answered,
// or, with statuses, when the fake Meta says that its last one was answered 2xx.
import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { Client, type Dispatcher } from 'undici';

import { answerParent } from './processes.ts';
import { phoneIdAt, recipientAt, type Audience } from './setting.ts';

export interface LoadInput {
  /** The nodes, which share the connections. */
  urls: readonly string[];
  apiKey: string;
  /** accept: sends that ask for no more than that; send: sends that wait; the lists: their first page. */
  request: 'accept' | 'send' | 'list' | 'list of a number';
  priority?: 'high' | 'normal' | 'bulk';
  /** Whose word ends a message: the fake Meta's, or the subscriber's; undefined: its answer does. */
  finishUrl?: string;
  audience: Audience;
  messages: number;
  connections: number;
  /** Messages that may be under way at once. */
  openMax: number;
  /** At an even rate, whatever is answered; absent: as fast as the connections go. */
  perSecond?: number;
  withinMs: number;
}

export interface LoadResult {
  seconds: number;
  /** Milliseconds from the request until the message counts. */
  p50Ms: number;
  p99Ms: number;
  /** Milliseconds from the request until its answer. */
  answerP50Ms: number;
  answerP99Ms: number;
  /** Answers that were not 2xx, or not what the request asked for. */
  failures: string[];
}

/** What the two halves of a run share: the requests, and the word of the fake Meta. */
interface Run {
  input: LoadInput;
  startedAt: Float64Array;
  answerMs: Float64Array;
  countedMs: Float64Array;
  next: number;
  counted: number;
  failures: string[];
  waiting: (() => void)[];
  /** Called when all are counted, or none can be any more. */
  over: () => void;
}

const FAILURES_KEPT = 5;

answerParent({}, { run }, async () => undefined);

async function run(input: LoadInput): Promise<LoadResult> {
  const at: Run = {
    input,
    startedAt: new Float64Array(input.messages),
    answerMs: new Float64Array(input.messages),
    countedMs: new Float64Array(input.messages),
    next: 0,
    counted: 0,
    failures: [],
    waiting: [],
    over: () => undefined,
  };
  const over = new Promise<void>((resolve) => (at.over = resolve));
  const unfollow = input.finishUrl === undefined ? () => undefined : await follow(at, input.finishUrl);
  const clients = clientsOf(input);
  const late = globalThis.setTimeout(
    () => fail(at, `only ${at.counted} of ${input.messages} counted in time`),
    input.withinMs,
  );
  const startedAt = performance.now();
  if (input.perSecond === undefined) for (const client of clients) void connection(at, client);
  else void evenly(at, clients, input.perSecond);
  await over;
  const seconds = (performance.now() - startedAt) / 1_000;
  clearTimeout(late);
  unfollow();
  return {
    seconds,
    p50Ms: percentile(at.countedMs, 0.5),
    p99Ms: percentile(at.countedMs, 0.99),
    answerP50Ms: percentile(at.answerMs, 0.5),
    answerP99Ms: percentile(at.answerMs, 0.99),
    failures: at.failures,
  };
}

// The sides take turns; each keeps its connections.
const clientsOfSides = new Map<string, Client[]>();

function clientsOf({ urls, connections }: LoadInput): Client[] {
  const name = `${connections} ${urls.join(' ')}`;
  const make = (_: unknown, i: number): Client => new Client(urls[i % urls.length] ?? '', { pipelining: 1 });
  const known = clientsOfSides.get(name) ?? Array.from({ length: connections }, make);
  clientsOfSides.set(name, known);
  return known;
}

async function connection(at: Run, client: Client): Promise<void> {
  while (at.next < at.input.messages && at.failures.length === 0) {
    if (at.next - at.counted >= at.input.openMax)
      await new Promise<void>((resolve) => at.waiting.push(resolve));
    else await send(at, client, at.next++);
  }
}

// Those that are due are sent, each on the next connection, whatever became of the others.
async function evenly(at: Run, clients: readonly Client[], perSecond: number): Promise<void> {
  const startedAt = performance.now();
  while (at.next < at.input.messages && at.failures.length === 0) {
    const dueInMs = startedAt + (at.next * 1_000) / perSecond - performance.now();
    if (dueInMs > 0) await setTimeout(dueInMs);
    const client = clients[at.next % clients.length];
    if (client) void send(at, client, at.next++);
  }
}

function send(at: Run, client: Client, place: number): Promise<void> {
  at.startedAt[place] = performance.now();
  return new Promise((resolve) => {
    let status = 0;
    let text = '';
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, statusCode) => void (status = statusCode),
      onResponseData: (_controller, chunk) => void (text += chunk.toString('latin1')),
      onResponseEnd() {
        at.answerMs[place] = performance.now() - (at.startedAt[place] ?? 0);
        if (status > 299 || !isWanted(at.input.request, text)) fail(at, `${status} ${text}`);
        else if (at.input.finishUrl === undefined) count(at, place);
        resolve();
      },
      onResponseError(_controller, error) {
        fail(at, error.message);
        resolve();
      },
    };
    client.dispatch(requestOf(at.input, place), handler);
  });
}

function requestOf(input: LoadInput, place: number): Dispatcher.DispatchOptions {
  const { apiKey, audience, request, priority } = input;
  const number = phoneIdAt(place, audience);
  const authorization = `Bearer ${apiKey}`;
  if (request === 'list' || request === 'list of a number')
    return {
      path: request === 'list' ? '/v1/messages' : `/v1/${number}/messages`,
      method: 'GET',
      headers: { authorization },
    };
  return {
    path: `/v1/${number}/messages`,
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...(request === 'accept' ? { prefer: 'respond-async' } : {}),
      ...(priority === undefined ? {} : { 'kurir-priority': priority }),
    },
    body: `{"messaging_product":"whatsapp","to":"+${recipientAt(place, audience)}","type":"text","text":{"body":"Halo! Pesanan Anda sudah dikirim dan tiba besok. #${place}"}}`,
  };
}

// Whoever waits is told more than `queued`; a page is full.
function isWanted(request: LoadInput['request'], text: string): boolean {
  if (request === 'accept' || request === 'send')
    return text.includes('"status":"queued"') === (request === 'accept');
  return text.includes('"has_more":true');
}

function count(at: Run, place: number): void {
  at.countedMs[place] = performance.now() - (at.startedAt[place] ?? 0);
  at.counted++;
  at.waiting.shift()?.();
  if (at.counted === at.input.messages) at.over();
}

function fail(at: Run, what: string): void {
  if (at.failures.length < FAILURES_KEPT) at.failures.push(what);
  at.over();
}

// The fake Meta tells what is finished by lines: a place, or -(place + 1) for one whose status was refused.
function follow(at: Run, finishUrl: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = get(`${finishUrl}/finished`, { agent: false }, (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const place = Number(line);
          if (place >= 0) count(at, place);
          else fail(at, `a status of message ${-place - 1} was not answered 2xx`);
        }
      });
      resolve(() => request.destroy());
    });
    request.on('error', reject);
  });
}

function percentile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}
