// A fake Meta as small as can be, the same for both sides: takes sends, answers after a set latency, and posts three signed statuses a
// message, one a POST, each after the one before it was answered. It checks nothing; the simulator is for that.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

import { finishLines } from './finish-lines.ts';
import { answerParent } from './processes.ts';
import { APP_SECRET, CONNECTIONS, WABA_ID } from './setting.ts';

/** Whom the statuses go to, and whether there are any. */
export interface Aim {
  /** In turns, as a load balancer would. */
  callbackUrls: readonly string[];
  /** How many go in one POST; 0: none are told. */
  statusesPerPost: number;
  latencyMs: number;
  /** A recipient whose sends are never answered. */
  silent?: string;
}

export interface MetaCounts {
  sends: number;
  posts: number;
  /** Webhooks that were not answered 2xx: the message counts as not stored. */
  refused: number;
  /** From a send's arrival until it was answered. */
  tookP50Ms: number | null;
}

interface Status {
  sent: Sent;
  step: number;
}

interface Sent {
  /** The number at the end of its text, by which the load knows it. */
  place: number;
  wamid: string;
  phoneNumberId: string;
  recipient: string;
  callbackData: string;
  arrivedAt: number;
}

const STATUSES = ['sent', 'delivered', 'read'] as const;
/** A POST that is not full leaves after so long. */
const FILL_MS = 10;
const PRICING = '{"billable":true,"pricing_model":"PMP","category":"service","type":"regular"}';
const run = randomBytes(6).toString('hex').toUpperCase();

let aim: Aim | undefined;
/** By where they lead: the sides take turns. */
const pools = new Map<string, Pool>();
let counts = { sends: 0, posts: 0, refused: 0 };
let sends = 0;
let tookMs: number[] = [];
let untold: Status[] = [];
const lines = finishLines();

const server = createServer((request, response) => {
  if (request.url === '/finished') return lines.follow(response);
  const arrivedAt = performance.now();
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (text += chunk));
  request.on('end', () => take(request, response, { text, arrivedAt }));
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const answers = {
    aim(next: Aim) {
      aim = next;
      counts = { sends: 0, posts: 0, refused: 0 };
      tookMs = [];
    },
    counts: (): MetaCounts => ({
      ...counts,
      tookP50Ms: tookMs.toSorted((a, b) => a - b)[tookMs.length >> 1] ?? null,
    }),
  };
  answerParent({ url: `http://127.0.0.1:${port}` }, answers, async () => server.closeAllConnections());
});

function take(
  request: IncomingMessage,
  response: ServerResponse,
  came: { text: string; arrivedAt: number },
): void {
  const body = JSON.parse(came.text) as {
    to: string;
    text: { body: string };
    biz_opaque_callback_data: string;
  };
  const recipient = body.to.replace('+', '');
  counts.sends++;
  if (recipient === aim?.silent) return;
  const place = Number(body.text.body.slice(body.text.body.lastIndexOf('#') + 1));
  const sent: Sent = {
    place,
    wamid: `wamid.HBgN${run}FQIAERgS${String(sends++).padStart(8, '0')}${String(place).padStart(8, '0')}AA==`,
    phoneNumberId: request.url?.split('/').at(-2) ?? '',
    recipient,
    callbackData: body.biz_opaque_callback_data,
    arrivedAt: came.arrivedAt,
  };
  const latencyMs = aim?.latencyMs ?? 0;
  if (latencyMs === 0) answer(response, sent);
  else setTimeout(answer, latencyMs, response, sent);
}

function answer(response: ServerResponse, sent: Sent): void {
  const body = `{"messaging_product":"whatsapp","contacts":[{"input":"+${sent.recipient}","wa_id":"${sent.recipient}"}],"messages":[{"id":"${sent.wamid}"}]}`;
  response.writeHead(200, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': body.length,
  });
  response.end(body);
  tookMs.push(performance.now() - sent.arrivedAt);
  if (aim && aim.statusesPerPost > 0) tell({ sent, step: 0 });
}

// One status of a message after the other, as Meta mostly does.
function tell(status: Status): void {
  if (status.step === STATUSES.length) return lines.finish(status.sent.place);
  untold.push(status);
  if (untold.length >= (aim?.statusesPerPost ?? 1)) post();
  else if (untold.length === 1) setTimeout(post, FILL_MS);
}

function post(): void {
  const told = untold;
  untold = [];
  if (told.length === 0 || !aim) return;
  const body = `{"object":"whatsapp_business_account","entry":[{"id":"${WABA_ID}","changes":[${told.map(changeOf).join(',')}]}]}`;
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  let answered = 0;
  function end(taken: boolean): void {
    for (const { sent, step } of told) {
      if (taken) tell({ sent, step: step + 1 });
      else refuse(sent);
    }
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, statusCode) => void (answered = statusCode),
    onResponseData: () => undefined,
    onResponseEnd: () => end(answered >= 200 && answered < 300),
    onResponseError: () => end(false),
  };
  const callback = new URL(aim.callbackUrls[counts.posts++ % aim.callbackUrls.length] ?? '');
  poolTo(callback.origin).dispatch(
    {
      path: callback.pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
      body,
    },
    handler,
  );
}

function poolTo(origin: string): Pool {
  const known = pools.get(origin) ?? new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  pools.set(origin, known);
  return known;
}

function changeOf({ sent, step }: Status): string {
  const value = `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"628511760008000","phone_number_id":"${sent.phoneNumberId}"},"statuses":[{"id":"${sent.wamid}","status":"${STATUSES[step]}","timestamp":"${Math.floor(Date.now() / 1_000)}","recipient_id":"${sent.recipient}","biz_opaque_callback_data":${JSON.stringify(sent.callbackData)},"pricing":${PRICING}}]}`;
  return `{"value":${value},"field":"messages"}`;
}

function refuse(sent: Sent): void {
  counts.refused++;
  lines.finish(-sent.place - 1);
}
