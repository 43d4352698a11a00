// A fake Meta as small as can be, the same for both sides: takes sends, answers after a set latency, and posts three signed statuses a
// message, one a POST, each after the one before it was answered. It checks nothing; the simulator is for that.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

import { answerParent } from './processes.ts';
import { APP_SECRET, CONNECTIONS, WABA_ID } from './setting.ts';

/** Whom the statuses go to, and whether there are any. */
export interface Aim {
  callbackUrl: string;
  statuses: boolean;
  latencyMs: number;
}

export interface MetaCounts {
  sends: number;
  posts: number;
  /** Webhooks that were not answered 2xx: the message counts as not stored. */
  refused: number;
}

interface Sent {
  /** The number at the end of its text, by which the load knows it. */
  place: number;
  wamid: string;
  phoneNumberId: string;
  recipient: string;
  callbackData: string;
}

const STATUSES = ['sent', 'delivered', 'read'] as const;
const PRICING = '{"billable":true,"pricing_model":"PMP","category":"service","type":"regular"}';
const run = randomBytes(6).toString('hex').toUpperCase();

let aim: Aim | undefined;
/** By where they lead: the sides take turns. */
const pools = new Map<string, Pool>();
let counts: MetaCounts = { sends: 0, posts: 0, refused: 0 };
let followers: ServerResponse[] = [];
let finished: number[] = [];

const server = createServer((request, response) => {
  if (request.url === '/finished') return follow(response);
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (text += chunk));
  request.on('end', () => take(request, response, text));
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const answers = {
    aim(next: Aim) {
      aim = next;
      counts = { sends: 0, posts: 0, refused: 0 };
    },
    counts: () => counts,
  };
  answerParent({ url: `http://127.0.0.1:${port}` }, answers, async () => server.closeAllConnections());
});

function take(request: IncomingMessage, response: ServerResponse, text: string): void {
  const body = JSON.parse(text) as { to: string; text: { body: string }; biz_opaque_callback_data: string };
  const recipient = body.to.replace('+', '');
  const sent: Sent = {
    place: Number(body.text.body.slice(body.text.body.lastIndexOf('#') + 1)),
    wamid: `wamid.HBgN${run}FQIAERgS${String(counts.sends++).padStart(16, '0')}AA==`,
    phoneNumberId: request.url?.split('/').at(-2) ?? '',
    recipient,
    callbackData: body.biz_opaque_callback_data,
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
  if (aim?.statuses) tell(sent, 0);
}

// One status after the other, as Meta mostly does.
function tell(sent: Sent, step: number): void {
  const status = STATUSES[step];
  if (status === undefined || !aim) return finish(sent.place);
  const body = statusOf(sent, status);
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  let answered = 0;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, statusCode) => void (answered = statusCode),
    onResponseData: () => undefined,
    onResponseEnd: () => (answered >= 200 && answered < 300 ? tell(sent, step + 1) : refuse(sent)),
    onResponseError: () => refuse(sent),
  };
  counts.posts++;
  poolTo(new URL(aim.callbackUrl).origin).dispatch(
    {
      path: new URL(aim.callbackUrl).pathname,
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

function statusOf(sent: Sent, status: string): string {
  const value = `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"628511760008000","phone_number_id":"${sent.phoneNumberId}"},"statuses":[{"id":"${sent.wamid}","status":"${status}","timestamp":"${Math.floor(Date.now() / 1_000)}","recipient_id":"${sent.recipient}","biz_opaque_callback_data":${JSON.stringify(sent.callbackData)},"pricing":${PRICING}}]}`;
  return `{"object":"whatsapp_business_account","entry":[{"id":"${WABA_ID}","changes":[{"value":${value},"field":"messages"}]}]}`;
}

function refuse(sent: Sent): void {
  counts.refused++;
  finish(-sent.place - 1);
}

// The load hears of what is finished by lines on one long answer, those of a moment together. A refused one is told as -(place + 1).
function finish(place: number): void {
  if (finished.length === 0) setImmediate(flush);
  finished.push(place);
}

function flush(): void {
  const lines = `${finished.join('\n')}\n`;
  finished = [];
  for (const follower of followers) follower.write(lines);
}

function follow(response: ServerResponse): void {
  followers.push(response);
  response.on('close', () => (followers = followers.filter((one) => one !== response)));
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
}
