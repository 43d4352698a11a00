// What a customer can send, one entry a variant: how a plain description of it becomes the message's part in the webhook.
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts';
import { ControlRefusal } from '../control-refusal.ts';

/** Where a customer's medium lies once it is kept. */
export interface KeptMedia {
  id: string;
  sha256Base64: string;
  url: string;
}

export type KeepMedia = (given: { mimeType: string; bytes: Uint8Array; filename: string }) => KeptMedia;

export interface Written {
  /** As the webhook's `type` says. */
  type: string;
  body: JsonObject;
}

export type Variant = (given: JsonObject, keep: KeepMedia) => Written;

/** The part of a description that carries the variant's name. */
export function partOf(given: JsonObject, key: string): JsonObject {
  const part = given[key] ?? {};
  if (!isObject(part))
    throw new ControlRefusal('invalid_request', `${key} must be an object.`, { param: key });
  return part;
}

export function textAt(part: JsonObject, key: string, where: string): string {
  const value = part[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new ControlRefusal('invalid_request', `${where}.${key} must be a text.`, {
    param: `${where}.${key}`,
  });
}

/** The fields that are there, in the order named. */
export function pick(part: JsonObject, keys: readonly string[]): JsonObject {
  const out: { [key: string]: Json } = {};
  for (const key of keys) {
    const value = part[key];
    if (value !== undefined) out[key] = value;
  }
  return out;
}
