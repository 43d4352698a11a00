// What a customer can send, one file a variant: its schema says what may be asked for, its function what stands in the webhook
// then.
import type { Static, TSchema } from 'typebox';
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { checked } from '../checked.ts';
import type { Phone } from '../fact.ts';

/** Where a customer's medium lies once it is kept. */
export interface KeptMedia {
  id: string;
  sha256Base64: string;
  url: string;
}

export type KeepMedia = (
  about: { mimeType: string; filename: string },
  source: { bytes: Uint8Array } | { size: number; seed: number },
) => KeptMedia;

/** Who writes, and what they have at hand. */
export interface Writer {
  phone: Phone;
  /** In milliseconds. */
  at: number;
  toGroup: boolean;
  keep: KeepMedia;
  /** The wamid that was named, or that of the customer's latest message to the number. */
  original: (named: string | undefined) => string;
}

export interface Written {
  /** As the webhook's `type` says. */
  type: string;
  body: JsonObject;
  /** What the message itself carries after that. */
  after?: JsonObject;
  /** The message's own errors. */
  errors?: JsonObject[];
  /** Errors that stand beside the message, in the value. */
  errorsBeside?: JsonObject[];
  /** What the customer's phone, or another, is from then on. */
  becomes?: { phone: string; change: Partial<Phone> };
}

export type Variant = (asked: JsonObject, writer: Writer) => Written;

export const strict = { additionalProperties: false };

export function variant<Schema extends TSchema>(
  schema: Schema,
  write: (asked: Static<Schema>, writer: Writer) => Written,
): Variant {
  return (asked, writer) => write(checked(schema, asked), writer);
}

/** The fields that are there, in the order named. */
export function pick(
  part: { readonly [key: string]: Json | undefined },
  keys: readonly string[],
): JsonObject {
  const out: JsonObject = {};
  for (const key of keys) {
    const value = part[key];
    if (value !== undefined) out[key] = value;
  }
  return out;
}
