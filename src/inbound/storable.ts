// What Meta's webhooks say, as PostgreSQL can keep it: it stores neither NUL nor half a surrogate pair, and Meta's users may type both;
// and what is nested without end would stop whoever walks it. Mended once at the door, so that nobody behind it has to ask.
import { isDeeper, jsonOf, type Json } from '../kernel/json.ts';

// Meta's deepest bodies have about twelve levels.
const LEVELS_MAX = 64;

/** Parses a body; throws what JSON.parse throws. */
export function storableJson(text: string): Json {
  const value = jsonOf(text);
  return (text.includes('\\u') && /\\u0000|\\ud[89a-f]/i.test(text)) || isDeeper(text, LEVELS_MAX)
    ? mended(value, LEVELS_MAX)
    : value;
}

function mended(value: Json, levels: number): Json {
  if (typeof value === 'string') return storableText(value);
  if (value === null || typeof value !== 'object') return value;
  if (levels === 0) return '[nested too deeply to be kept]';
  if (Array.isArray(value)) return value.map((item) => mended(item, levels - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key), mended(item, levels - 1)]),
  );
}

function storableText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
