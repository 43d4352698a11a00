// JSON text as PostgreSQL can keep it: it stores neither NUL nor half a surrogate pair, and Meta's users may type both.
import type { Json } from '../kernel/json.ts';

export function storable(value: Json): string {
  const json = JSON.stringify(value);
  return /\\u0000|\\ud[89a-f]/i.test(json) ? JSON.stringify(mended(value)) : json;
}

function mended(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd').toWellFormed();
  if (Array.isArray(value)) return value.map(mended);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.replaceAll('\0', '\ufffd').toWellFormed(), mended(item)]),
  );
}
