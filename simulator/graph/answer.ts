// How an answer of the Graph leaves: its headers as recorded, its body as compact ASCII JSON, and the ways it can fail to
// arrive whole.
import type { ServerResponse } from 'node:http';
import type { Json } from '../../src/kernel/json.ts';
import { asciiJson } from '../ascii-json.ts';
import { newShortTrace, newTraceId } from '../ids.ts';
import type { Content } from '../media/content.ts';
import type { Simulation } from '../simulation.ts';
import { errorBody, type GraphError } from './graph-error.ts';
import { writeContent } from './write-content.ts';
import { trickle, type Trickle } from './trickle.ts';

export const LATEST_VERSION = 'v26.0';

// Calls to older ones are answered by this one, with a warning.
const OLDEST_VERSION = 21;
const TOKEN_CODE = 190;

export interface Answer {
  status: number;
  /** Rendered as JSON; or `bytes` as they are. */
  json?: Json;
  bytes?: Uint8Array;
  /** Or what is read as it leaves: the whole, or a range. */
  content?: Content;
  range?: { from: number; to: number };
  headers?: Record<string, string>;
  /** The message that came of the call. */
  wamid?: string;
  /** The WABA whose usage the headers tell. */
  wabaId?: string;
  /** What becomes of the answer on its way; sent whole when absent. */
  fate?: 'reset' | 'swallowed' | 'cut';
  /** The version the call named. */
  version?: string;
  /** Milliseconds beyond the usual latency. */
  delayMs?: number;
  /** How it comes drop by drop. */
  trickle?: Trickle;
}

/** The answer to a refusal; WhatsApp's own tell the usage of a WABA, the Graph's that of the app. */
export function errorAnswer(sim: Simulation, error: GraphError, wabaId?: string): Answer {
  const traceId = newTraceId(sim.random);
  const sort = error.code === TOKEN_CODE ? 'invalid_token' : 'invalid_request';
  const message = error.message.replaceAll(/[^\x20-\x7e]|"/g, '?');
  const headers: Record<string, string> = {
    'www-authenticate': `OAuth "Facebook Platform" "${sort}" "${message}"`,
    'cache-control': 'no-store',
    'x-fb-request-id': traceId,
    'proxy-status': 'http_request_error; e_fb_responsebytes="AcJ"; e_fb_requesthandler="AcK"; e_proxy="AcL"',
  };
  const ofWhatsapp = error.parts.details !== undefined && wabaId !== undefined;
  if (!ofWhatsapp) headers['x-app-usage'] = '{"call_count":0,"total_cputime":0,"total_time":0}';
  return { status: error.http, json: errorBody(error, traceId), headers, ...(ofWhatsapp ? { wabaId } : {}) };
}

const FIXED_HEADERS = [
  'vary',
  'Origin',
  'access-control-allow-origin',
  '*',
  'strict-transport-security',
  'max-age=15552000; preload',
  'pragma',
  'no-cache',
  'expires',
  'Sat, 01 Jan 2000 00:00:00 GMT',
  'x-fb-rev',
  '1024000000',
  'alt-svc',
  'clear',
];

/** Puts an answer on the wire. */
export function writeAnswer(sim: Simulation, raw: ServerResponse, answer: Answer): void {
  if (raw.destroyed) return;
  if (answer.fate === 'reset') {
    raw.socket?.resetAndDestroy();
    return;
  }
  if (answer.fate === 'swallowed') return;
  const { content } = answer;
  if (content) {
    const range = answer.range ?? { from: 0, to: content.size };
    const headers = headersOf(sim, answer, range.to - range.from);
    const { status, fate, trickle: drops } = answer;
    const leaving = { status, headers, content, range, cut: fate === 'cut', ms: drops?.ms ?? 0 };
    void writeContent(sim.wireClock, raw, leaving);
    return;
  }
  const body = answer.bytes ?? Buffer.from(asciiJson(answer.json ?? null), 'latin1');
  const headers = headersOf(sim, answer, body.length);
  if (answer.trickle) {
    trickle(sim.wireClock, raw, { status: answer.status, headers, body, ...answer.trickle });
    return;
  }
  raw.writeHead(answer.status, headers);
  if (answer.fate !== 'cut') {
    raw.end(body);
    return;
  }
  raw.write(body.subarray(0, body.length >> 1), () => raw.socket?.destroy());
}

function headersOf(sim: Simulation, answer: Answer, length: number): string[] {
  const given = answer.headers ?? {};
  const headers = [
    'content-type',
    given['content-type'] ?? 'application/json; charset=UTF-8',
    ...FIXED_HEADERS,
    ...versionHeaders(answer.version ?? LATEST_VERSION),
    'x-fb-trace-id',
    newShortTrace(sim.random),
    'content-length',
    String(length),
  ];
  if (given['x-fb-request-id'] === undefined) headers.push('x-fb-request-id', newTraceId(sim.random));
  if (given['cache-control'] === undefined)
    headers.push('cache-control', 'private, no-cache, no-store, must-revalidate');
  if (answer.wabaId !== undefined) headers.push('x-business-use-case-usage', usage(answer.wabaId));
  for (const name in given) if (name !== 'content-type') headers.push(name, given[name] ?? '');
  return headers;
}

function versionHeaders(version: string): string[] {
  if (Number(version.slice(1)) >= OLDEST_VERSION) return ['facebook-api-version', version];
  const used = `v${OLDEST_VERSION}.0`;
  const warning = `The call has been auto-upgraded to ${used} as ${version} has been deprecated.`;
  return ['facebook-api-version', used, 'x-ad-api-version-warning', warning];
}

function usage(wabaId: string): string {
  return `{"${wabaId}":[{"type":"whatsapp","call_count":1,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0}]}`;
}
