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
  if (isDeeper(text, DEPTH_MAX))
    throw new KurirError('invalid_request', `The body is nested deeper than ${DEPTH_MAX} levels.`);
  let value: Json;
  try {
    value = jsonOf(text);
  } catch (cause) {
    throw new KurirError('invalid_request', `The body is not valid JSON: ${reason(cause)}`, { cause });
  }
  refuseValues(value);
  return value;
}

/** The same text for equal values whatever the order of their keys; what fingerprints are made of. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const keys = Object.keys(value).toSorted();
  const all: JsonObject = {};
  for (const key of keys) all[key] = sorted(value[key] ?? null);
  return all;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The path of a member: `.key` for ordinary names, a quoted and shortened one for anything else a caller may invent. */
export function member(path: string, key: string): string {
  if (/^[A-Za-z_$][\w$-]{0,63}$/.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify([...key].slice(0, 64).join(''))}]`;
}

/** Whether JSON text is nested deeper than so many levels: asked before JSON.parse, a body of a million brackets costs one pass over its
 *  text and no tree. */
export function isDeeper(text: string, levels: number): boolean {
  return opensMoreThan(text, levels) && reachesBelow(text, levels);
}

// What opens fewer brackets than that cannot be deeper: said of nearly every body, in a fraction of the time.
function opensMoreThan(text: string, levels: number): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    let at = text.indexOf(bracket);
    for (; at >= 0 && opened <= levels; at = text.indexOf(bracket, at + 1)) opened++;
  }
  return opened > levels;
}

function reachesBelow(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const at = text.charCodeAt(i);
    if (inString) {
      if (at === 0x5c) i++;
      else if (at === 0x22) inString = false;
    } else if (at === 0x22) inString = true;
    else if (at === 0x7b || at === 0x5b) {
      if (++depth > levels) return true;
    } else if (at === 0x7d || at === 0x5d) depth--;
  }
  return false;
}

// PostgreSQL stores neither NUL nor a lone surrogate, and JSON has no infinity to hand on. Where the fault is, is told on the way back:
// a body without one costs no paths.
function refuseValues(value: Json): void {
  const fault = faultIn(value);
  if (!fault) return;
  const path = fault.steps.reduce<string>(
    (before, step) => (typeof step === 'number' ? `${before}[${step}]` : member(before, step)),
    '',
  );
  throw new KurirError(
    'invalid_field_value',
    `${path === '' ? 'The body' : path} ${fault.what}.`,
    path === '' ? {} : { param: path },
  );
}

interface ValueFault {
  what: string;
  steps: (string | number)[];
}

function faultIn(value: Json): ValueFault | null {
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? null : { what: 'is a number too large to be kept', steps: [] };
  if (value === null || typeof value !== 'object') return null;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = faultIn(value[i] ?? null);
      if (found) return below(i, found);
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return { what: 'is a key that is not accepted', steps: [key] };
    const found = textFault(key);
    if (found) return { what: `has a key that ${found.what}`, steps: [] };
    const inside = faultIn(value[key] ?? null);
    if (inside) return below(key, inside);
  }
  return null;
}

function below(step: string | number, fault: ValueFault): ValueFault {
  return { what: fault.what, steps: [step, ...fault.steps] };
}

function textFault(text: string): ValueFault | null {
  if (text.includes('\0')) return { what: 'holds a NUL character', steps: [] };
  return text.isWellFormed() ? null : { what: 'holds half of a surrogate pair', steps: [] };
}

function reason(cause: unknown): string {
  // V8 quotes the text around the fault; that text may hold what must not be logged or echoed.
  const text = cause instanceof Error ? cause.message : '';
  const position = /position \d+/.exec(text);
  return position
    ? `unexpected text at ${position[0]}.`
    : 'it ends too early or has text where none may stand.';
}
