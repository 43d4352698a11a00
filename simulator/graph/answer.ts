// How an answer of the Graph leaves: its headers as recorded, its body as compact ASCII JSON, and the ways it can fail to
// arrive whole.
import type { ServerResponse } from 'node:http';
import type { Json } from '../../src/kernel/json.ts';
import { asciiJson } from '../ascii-json.ts';
import { newShortTrace, newTraceId } from '../ids.ts';
import type { Simulation } from '../simulation.ts';
import { errorBody, type GraphError } from './graph-error.ts';

export const LATEST_VERSION = 'v26.0';

export interface Answer {
  status: number;
  /** Rendered as JSON; or `bytes` as they are. */
  json?: Json;
  bytes?: Uint8Array;
  headers?: Record<string, string>;
  /** The WABA whose usage the headers tell. */
  wabaId?: string;
  /** What becomes of the answer on its way; sent whole when absent. */
  fate?: 'reset' | 'swallowed' | 'cut';
  /** The version the call named. */
  version?: string;
  /** Milliseconds beyond the usual latency. */
  delayMs?: number;
}

/** The answer to a refusal. */
export function errorAnswer(sim: Simulation, error: GraphError): Answer {
  const traceId = newTraceId(sim.random);
  const challenge = `OAuth "Facebook Platform" "invalid_request" "${error.message.replaceAll(/[^\x20-\x7e]|"/g, '?')}"`;
  const headers: Record<string, string> = {
    'www-authenticate': challenge,
    'cache-control': 'no-store',
    'x-fb-request-id': traceId,
  };
  if (error.parts.details === undefined) {
    headers['x-app-usage'] = '{"call_count":0,"total_cputime":0,"total_time":0}';
  }
  headers['proxy-status'] = `http_request_error; e_clientaddr="AcLx"; e_fb_httpversion="HTTP/1.1"`;
  return { status: error.http, json: errorBody(error, traceId), headers };
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
  const body = answer.bytes ?? Buffer.from(asciiJson(answer.json ?? null), 'latin1');
  const given = answer.headers ?? {};
  const headers = [
    'content-type',
    given['content-type'] ?? 'application/json; charset=UTF-8',
    ...FIXED_HEADERS,
    'facebook-api-version',
    answer.version ?? LATEST_VERSION,
    'x-fb-trace-id',
    newShortTrace(sim.random),
    'content-length',
    String(body.length),
  ];
  if (given['x-fb-request-id'] === undefined) headers.push('x-fb-request-id', newTraceId(sim.random));
  if (given['cache-control'] === undefined)
    headers.push('cache-control', 'private, no-cache, no-store, must-revalidate');
  if (answer.wabaId !== undefined) headers.push('x-business-use-case-usage', usage(answer.wabaId));
  for (const name in given) if (name !== 'content-type') headers.push(name, given[name] ?? '');
  raw.writeHead(answer.status, headers);
  if (answer.fate !== 'cut') {
    raw.end(body);
    return;
  }
  raw.write(body.subarray(0, body.length >> 1), () => raw.socket?.destroy());
}

function usage(wabaId: string): string {
  return `{"${wabaId}":[{"type":"whatsapp","call_count":1,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0}]}`;
}
