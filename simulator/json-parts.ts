// Reaching into JSON of the outside: what is not there, or of another sort, comes out empty.
import { isObject, type Json, type JsonObject } from '../src/kernel/json.ts';

/** The object under a key. */
export function part(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isObject(inner) ? inner : {};
}

/** The objects of the list under a key. */
export function parts(value: JsonObject, key: string): JsonObject[] {
  const inner = value[key];
  return Array.isArray(inner) ? inner.filter(isObject) : [];
}

/** A string, or a number or boolean written as one. */
export function word(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
