// The load: sends over 64 connections, a key on each, and takes the times. Under *send-and-wait* a message counts when it is answered,
// under *full* when the fake Meta says that its last status was answered 2xx.
import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { Client, type Dispatcher } from 'undici';

import { answerParent } from './processes.ts';
import { CONNECTIONS, numberOf, OPEN_MAX, recipientOf } from './setting.ts';

export interface LoadInput {
  url: string;
  apiKey: string;
  /** The fake Meta, whose word ends a message; undefined: its answer does. */
  metaUrl: string | undefined;
  messages: number;
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
  /** Answers that were not 2xx, or that did not say `pending` or more. */
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
  const unfollow = input.metaUrl === undefined ? () => undefined : await follow(at, input.metaUrl);
  const clients = clientsOf(input.url);
  const late = setTimeout(
    () => fail(at, `only ${at.counted} of ${input.messages} counted in time`),
    input.withinMs,
  );
  const startedAt = performance.now();
  for (const client of clients) void connection(at, client);
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
const clientsByUrl = new Map<string, Client[]>();

function clientsOf(url: string): Client[] {
  const known =
    clientsByUrl.get(url) ?? Array.from({ length: CONNECTIONS }, () => new Client(url, { pipelining: 1 }));
  clientsByUrl.set(url, known);
  return known;
}

async function connection(at: Run, client: Client): Promise<void> {
  while (at.next < at.input.messages && at.failures.length === 0) {
    if (at.next - at.counted >= OPEN_MAX) await new Promise<void>((resolve) => at.waiting.push(resolve));
    else await send(at, client, at.next++);
  }
}

function send(at: Run, client: Client, place: number): Promise<void> {
  const body = `{"messaging_product":"whatsapp","to":"+${recipientOf(place)}","type":"text","text":{"body":"Halo! Pesanan Anda sudah dikirim dan tiba besok. #${place}"}}`;
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
        if (status > 299 || text.includes('"status":"queued"')) fail(at, `${status} ${text}`);
        else if (at.input.metaUrl === undefined) count(at, place);
        resolve();
      },
      onResponseError(_controller, error) {
        fail(at, error.message);
        resolve();
      },
    };
    client.dispatch(
      {
        path: `/v1/${numberOf(place).phoneNumberId}/messages`,
        method: 'POST',
        headers: {
          authorization: `Bearer ${at.input.apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body,
      },
      handler,
    );
  });
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
function follow(at: Run, metaUrl: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = get(`${metaUrl}/finished`, { agent: false }, (response) => {
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
