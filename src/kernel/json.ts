// JSON from outside: parsed, then walked once for what JSON.parse lets through and a database or Meta would choke on.
import { KurirError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const DEPTH_MAX = 32;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** JSON.parse with the type of what it gives. */
export function jsonOf(text: string): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this is what JSON.parse returns
  return JSON.parse(text) as Json;
}

/** Parses a body; throws `invalid_request` for what is not JSON, is too deep, or holds a value that cannot be kept. */
export function parseJson(body: Uint8Array): Json {
  let text: string;
  try {
    text = decoder.decode(body);
  } catch (cause) {
    throw new KurirError('invalid_request', 'The body is not valid UTF-8.', { cause });
  }
  refuseDepth(text);
  let value: Json;
  try {
    value = jsonOf(text);
  } catch (cause) {
    throw new KurirError('invalid_request', `The body is not valid JSON: ${reason(cause)}`, { cause });
  }
  refuseValues(value, '');
  return value;
}

/** The same text for equal values whatever the order of their keys; what fingerprints are made of. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Before JSON.parse, so that a body of a million brackets costs one pass over its text and no tree.
function refuseDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const at = text.charCodeAt(i);
    if (inString) {
      if (at === 0x5c) i++;
      else if (at === 0x22) inString = false;
    } else if (at === 0x22) inString = true;
    else if (at === 0x7b || at === 0x5b) {
      if (++depth > DEPTH_MAX)
        throw new KurirError('invalid_request', `The body is nested deeper than ${DEPTH_MAX} levels.`);
    } else if (at === 0x7d || at === 0x5d) depth--;
  }
}

// PostgreSQL stores neither NUL nor a lone surrogate, and JSON has no infinity to hand on.
function refuseValues(value: Json, path: string): void {
  if (typeof value === 'string') refuseText(value, path);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw bad('is a number too large to be kept', path);
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) refuseValues(item, `${path}[${i}]`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      refuseText(key, path);
      if (key === '__proto__') throw bad('has a key that is not accepted: __proto__', path);
      refuseValues(item, path === '' ? key : `${path}.${key}`);
    }
  }
}

function refuseText(text: string, path: string): void {
  if (text.includes('\0')) throw bad('holds a NUL character', path);
  if (!text.isWellFormed()) throw bad('holds half of a surrogate pair', path);
}

function bad(what: string, path: string): KurirError {
  return new KurirError(
    'invalid_field_value',
    `${path === '' ? 'The body' : path} ${what}.`,
    path === '' ? {} : { param: path },
  );
}

function reason(cause: unknown): string {
  // V8 quotes the text around the fault; that text may hold what must not be logged or echoed.
  const text = cause instanceof Error ? cause.message : '';
  const position = /position \d+/.exec(text);
  return position
    ? `unexpected text at ${position[0]}.`
    : 'it ends too early or has text where none may stand.';
}
