// JSON as Meta writes it: pure ASCII, lower-case \u escapes, `/` and `@` escaped, no spaces. Receivers that were written for Meta may
// build on any of it.
import type { JsonObject } from '../kernel/json.ts';

const ESCAPED = /[/@\u0080-\uffff]/g;

export function asciiJson(value: JsonObject): string {
  return JSON.stringify(value).replaceAll(ESCAPED, escaped);
}

// By UTF-16 units: what lies beyond them is a pair of escapes.
function escaped(char: string): string {
  return char === '/' ? String.raw`\/` : String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
