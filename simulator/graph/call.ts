// One call to the Graph, taken apart: `/{version?}/{object}/{edge?}`, its query, its token, its body.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import type { Simulation } from '../simulation.ts';
import { LATEST_VERSION } from './answer.ts';
import { GraphError } from './graph-error.ts';

export interface GraphCall {
  method: string;
  version: string;
  /** Empty for a bare `/`. */
  object: string;
  edge: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** A body that is read as it comes. */
  upload: Readable | null;
  path: string;
  /** Where the caller reached us: links in answers start with it. */
  origin: string;
  /** The body's fields; see `bodyFields`. */
  fields: JsonObject;
}

export interface RawCall {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
  upload: Readable | null;
}

export function takeApart({ method, url, headers, body, upload }: RawCall, origin: string): GraphCall {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const parts = path.split('/').filter((part) => part !== '');
  const version = VERSION.test(parts[0] ?? '') ? parts.shift() : undefined;
  return {
    method,
    version: version ?? LATEST_VERSION,
    object: parts[0] ?? '',
    edge: parts.slice(1).join('/'),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
    upload,
    path,
    origin: headers.host !== undefined && HOST.test(headers.host) ? `http://${headers.host}` : origin,
    fields: bodyFields(headers['content-type'] ?? '', body),
  };
}

const VERSION = /^v\d+\.\d+$/;
const HOST = /^[\w.:[\]-]+$/;

/** What a token may do: everything, or only what concerns its own app. */
export type TokenKind = 'user' | 'app';

/** Lets only known tokens through. */
export function checkToken(sim: Simulation, call: GraphCall): TokenKind {
  const header = call.headers.authorization;
  const token =
    header === undefined ? call.query.get('access_token') : /^(?:Bearer|OAuth) (.*)$/i.exec(header)?.[1];
  if (token === null || token === undefined || token === '') {
    throw new GraphError({ message: 'An access token is required to request this resource.', code: 104 });
  }
  const { tokens, appId, appSecret } = sim.settings;
  if (tokens.includes(token)) return 'user';
  if (token === `${appId}|${appSecret}`) return 'app';
  if (!/^[\w|.-]+$/.test(token)) {
    throw new GraphError({
      message: 'Invalid OAuth access token - Cannot parse access token',
      code: 190,
      http: 401,
    });
  }
  throw new GraphError({ message: 'Authentication Error', code: 190, http: 401 });
}

// From JSON or a form; a body of another sort has none, which the first check then says.
function bodyFields(type: string, body: Uint8Array): JsonObject {
  if (body.length === 0 || type.startsWith('multipart/')) return {};
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (type.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  if (!type.includes('json')) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // Meta, too, does not say that it could not read it, but what it misses.
    return {};
  }
}
