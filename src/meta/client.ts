// The one door to Meta's Graph API. A send's answer is a value: accepted, refused, not sent, or unknown; never an exception, so
// that no branch can be forgotten. What is *not sent* never reached a socket: everything else without a clear word is unknown.
import type { Readable } from 'node:stream';
import { Pool, request, type Dispatcher } from 'undici';

import type { Clock } from '../kernel/clock.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { download, formOf, type Download, type Downloading, type UploadedFile } from './transfer.ts';

export type { Download } from './transfer.ts';

/** The version Kurir speaks (Meta silently upgrades calls of versions that have ended). */
export const GRAPH_VERSION = 'v24.0';

const CONNECT_MS = 10_000;

/** A hundred megabytes over a slow line. */
const UPLOAD_MS = 600_000;

/** What an answer may weigh. */
const ANSWER_BYTES_MAX = 1_000_000;

export interface GraphError {
  code: number;
  title: string;
  details: string | null;
  httpStatus: number;
  retryAfterMs: number | null;
  /** Meta's own error object, to be handed on by the dialects that speak Meta's shape. */
  error: JsonObject;
}

export type SendOutcome =
  | { kind: 'accepted'; wamid: string; answer: JsonObject }
  | { kind: 'refused'; error: GraphError }
  /** The request provably never left this machine; `unreachable`: there was no connection to Meta. */
  | { kind: 'not sent'; reason: string; unreachable?: boolean }
  | { kind: 'unknown'; reason: string };

export type GraphAnswer =
  | { kind: 'answered'; body: JsonObject }
  | { kind: 'refused'; error: GraphError }
  | { kind: 'failed'; reason: string };

export interface GraphCall {
  accessToken: string;
  path: string;
  body: JsonObject;
}

export interface MetaClient {
  /** Posts a message. `mayLeave` is asked in the step that hands the request to the socket: after it nothing queues. */
  send(call: GraphCall, mayLeave: () => boolean): Promise<SendOutcome>;
  /** Any other call; repeating it is the caller's choice. */
  call(call: {
    method: 'GET' | 'POST' | 'DELETE';
    accessToken: string;
    path: string;
    body?: JsonObject;
  }): Promise<GraphAnswer>;
  /** Uploads a file, to be sent by this number. */
  upload(upload: { accessToken: string; phoneNumberId: string; file: UploadedFile }): Promise<GraphAnswer>;
  /** The bytes behind an address of Meta's; they break off when the signal is aborted. */
  download(what: Downloading): Promise<Download>;
  /** Ends all connections; calls that are still under way have an unknown outcome. */
  close(): Promise<void>;
}

export interface MetaClientOptions {
  graphUrl: string;
  connections: number;
  /** How long Meta may take for an answer. */
  timeoutMs: number;
  clock: Clock;
}

export function createMetaClient(options: MetaClientOptions): MetaClient {
  const { timeoutMs, clock } = options;
  const base = new URL(options.graphUrl);
  const prefix = base.pathname.replace(/\/+$/, '');
  // No pipelining and a short keep-alive: a request on a connection that Meta is closing has an unknown outcome. No HTTP/2: its streams
  // queue after the check of the lease, and undici sends them a second time by itself.
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: Math.min(CONNECT_MS, timeoutMs) },
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    // Each call has its own timer: undici's begin late, and again with each part of an answer.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    send: (call, mayLeave) =>
      send(pool, { ...call, timeoutMs, clock, path: `${prefix}/${GRAPH_VERSION}/${call.path}` }, mayLeave),
    call: ({ body, ...call }) =>
      ask(options, { ...call, timeoutMs, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
    upload({ accessToken, phoneNumberId, file }) {
      const { body, type, bytes } = formOf(file);
      return ask(options, {
        method: 'POST',
        accessToken,
        path: `${phoneNumberId}/media`,
        timeoutMs: UPLOAD_MS,
        body,
        headers: { 'content-type': type, 'content-length': String(bytes) },
      });
    },
    download: (what) =>
      download(what, options).catch((error: unknown) => ({ kind: 'failed', reason: reasonOf(error) })),
    close: () => pool.destroy(),
  };
}

interface Asked {
  method: 'GET' | 'POST' | 'DELETE';
  accessToken: string;
  path: string;
  body?: string | Readable;
  headers?: Record<string, string>;
  timeoutMs: number;
}

async function ask({ graphUrl }: MetaClientOptions, call: Asked): Promise<GraphAnswer> {
  const { timeoutMs } = call;
  try {
    const answer = await request(`${graphUrl}/${GRAPH_VERSION}/${call.path}`, {
      method: call.method,
      headers: { ...headers(call.accessToken), ...call.headers },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const retryAfterMs = retryAfter(answer.headers['retry-after']);
    const read = readAnswer(answer.statusCode, await answer.body.text(), retryAfterMs);
    return read.kind === 'unread' ? { kind: 'failed', reason: read.reason } : read;
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

function headers(accessToken: string): Record<string, string> {
  return {
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    'user-agent': 'Kurir',
  };
}

class HeldBack extends Error {}

function send(
  pool: Pool,
  call: GraphCall & { timeoutMs: number; clock: Clock },
  mayLeave: () => boolean,
): Promise<SendOutcome> {
  return new Promise((resolve) => {
    let left = false;
    let status = 0;
    let retryAfterMs: number | null = null;
    let size = 0;
    const chunks: Buffer[] = [];
    let over = false;
    let wire: Dispatcher.DispatchController | undefined;
    const end = (outcome: SendOutcome): void => {
      over = true;
      timer.cancel();
      resolve(outcome);
    };
    // What has not left by then never leaves, and what has is cut off: nothing arrives after it was called unknown. Counted from before it
    // is handed to a socket: whoever waits for the end of a call waits for exactly so long.
    const timer = call.clock.after(call.timeoutMs, () => {
      const reason = `Meta did not answer within ${call.timeoutMs / 1_000} s`;
      end(
        left ? { kind: 'unknown', reason } : { kind: 'not sent', reason: 'no connection was free in time' },
      );
      wire?.abort(new Error(reason));
    });
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        wire = controller;
        if (over || left || !mayLeave()) throw new HeldBack('the lane is not ours any more');
        left = true;
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        retryAfterMs = retryAfter(responseHeaders['retry-after']);
      },
      onResponseData(controller, chunk) {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) controller.abort(new Error('an answer larger than 1 MB'));
        else chunks.push(chunk);
      },
      onResponseEnd: () => end(judge(status, Buffer.concat(chunks).toString('utf8'), retryAfterMs)),
      onResponseError(_controller, error) {
        end(left ? { kind: 'unknown', reason: reasonOf(error) } : notSent(error));
      },
    };
    const options = {
      path: call.path,
      method: 'POST' as const,
      headers: headers(call.accessToken),
      body: JSON.stringify(call.body),
    };
    try {
      pool.dispatch(options, handler);
    } catch (error) {
      end(notSent(error));
    }
  });
}

function notSent(error: unknown): SendOutcome {
  return { kind: 'not sent', reason: reasonOf(error), unreachable: !(error instanceof HeldBack) };
}

function judge(status: number, text: string, retryAfterMs: number | null): SendOutcome {
  const read = readAnswer(status, text, retryAfterMs);
  if (read.kind === 'unread') return { kind: 'unknown', reason: read.reason };
  if (read.kind === 'refused') return read;
  const [first] = Array.isArray(read.body['messages']) ? read.body['messages'] : [];
  const wamid = isObject(first) ? first['id'] : undefined;
  if (typeof wamid !== 'string' || wamid === '')
    return { kind: 'unknown', reason: `Meta answered ${status} without a message id` };
  return { kind: 'accepted', wamid, answer: read.body };
}

type Read =
  | { kind: 'answered'; body: JsonObject }
  | { kind: 'refused'; error: GraphError }
  | { kind: 'unread'; reason: string };

// Only a Graph error object is Meta's word; a bare 502 may come from anything on the way, after Meta took the message.
function readAnswer(status: number, text: string, retryAfterMs: number | null): Read {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: 'unread', reason: `an answer ${status} that is not JSON` };
  }
  if (!isObject(body)) return { kind: 'unread', reason: `an answer ${status} that is not an object` };
  const error = body['error'];
  if (isObject(error) && typeof error['code'] === 'number') {
    const data = error['error_data'];
    const details = isObject(data) && typeof data['details'] === 'string' ? data['details'] : null;
    const title = typeof error['message'] === 'string' ? error['message'] : `Meta's error ${error['code']}`;
    return {
      kind: 'refused',
      error: { code: error['code'], title, details, httpStatus: status, retryAfterMs, error },
    };
  }
  if (status < 200 || status > 299)
    return { kind: 'unread', reason: `an answer ${status} without Meta's error object` };
  return { kind: 'answered', body };
}

function retryAfter(header: string | string[] | undefined): number | null {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : null;
}

function reasonOf(error: unknown): string {
  if (error instanceof HeldBack) return error.message;
  if (!(error instanceof Error)) return 'an unknown fault';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return REASONS[code] ?? `the connection failed (${code})`;
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the name of Meta’s server was not found',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  UND_ERR_SOCKET: 'the connection was closed before an answer',
};
