// The medium in a customer's message, whatever type the message has: an object with an id and a media type. Types are an open list.
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { text } from './webhook-envelope.ts';

export interface ToldMedia {
  /** Meta's id, good for seven days. */
  metaId: string;
  mimeType: string;
  /** In hex; null where it is not told. */
  sha256: string | null;
  filename: string | null;
}

export function mediaIn(message: JsonObject): ToldMedia | null {
  const edited =
    message['type'] === 'edit' && isObject(message['edit']) ? message['edit']['message'] : undefined;
  const said = isObject(edited) ? edited : message;
  const part = said[text(said['type']) ?? ''];
  if (!isObject(part)) return null;
  const [metaId, mimeType] = [text(part['id']), text(part['mime_type'])];
  if (metaId === undefined || mimeType === undefined || !/^[\w.-]{1,100}$/.test(metaId)) return null;
  return {
    metaId,
    mimeType: mimeType.slice(0, 200),
    sha256: sumInHex(part['sha256']),
    filename: text(part['filename'])?.slice(0, 500) ?? null,
  };
}

/** A SHA-256 as hex: Meta tells it so when it is asked for a medium, and in base64 by webhook. */
export function sumInHex(told: Json | undefined): string | null {
  if (typeof told !== 'string') return null;
  if (/^[0-9a-f]{64}$/i.test(told)) return told.toLowerCase();
  const bytes = Buffer.from(told, 'base64');
  return bytes.length === 32 ? bytes.toString('hex') : null;
}
