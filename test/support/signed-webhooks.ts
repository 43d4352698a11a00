// Meta's webhooks, written and signed by the test itself: any envelope, any bytes, any signature.
import { createHmac } from 'node:crypto';

import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { APP_SECRET, BUSINESS_PHONE, PHONE_NUMBER_ID, WABA_ID, type House } from './house.ts';

export interface PostOptions {
  /** Signs; the house's app by default. */
  secret?: string;
  /** The whole header instead of a right one; null: none. */
  signature?: string | null;
  /** `/webhooks/meta` by default. */
  path?: string;
}

/** Posts a body to the door, signed unless told otherwise. */
export async function postWebhook(
  house: Pick<House, 'gateway'>,
  body: Json | Uint8Array<ArrayBuffer>,
  options: PostOptions = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(jsonText(body));
  const signature = options.signature ?? signatureOf(bytes, options.secret ?? APP_SECRET);
  const response = await fetch(house.gateway.url + (options.path ?? '/webhooks/meta'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.signature === null ? {} : { 'x-hub-signature-256': signature }),
    },
    body: bytes,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Stands for so many objects in one another, which no JSON.stringify would write. */
export function nested(levels: number): string {
  return `nested ${levels}`;
}

function jsonText(body: Json): string {
  return JSON.stringify(body).replaceAll(
    /"nested (\d+)"/g,
    (_, levels) => `${'{"in":'.repeat(Number(levels))}1${'}'.repeat(Number(levels))}`,
  );
}

/** The headers of a POST that an app's secret signs. */
export function signedHeaders(bytes: Uint8Array, secret: string): Record<string, string> {
  return { 'content-type': 'application/json', 'x-hub-signature-256': signatureOf(bytes, secret) };
}

function signatureOf(bytes: Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;
}

export interface About {
  phoneNumberId?: string;
  wabaId?: string;
}

/** An envelope of changes, each with its own value. */
export function envelope(values: readonly JsonObject[], about: About = {}): JsonObject {
  const metadata = {
    display_phone_number: BUSINESS_PHONE,
    phone_number_id: about.phoneNumberId ?? PHONE_NUMBER_ID,
  };
  return {
    object: 'whatsapp_business_account',
    entry: values.map((value) => ({
      id: about.wabaId ?? WABA_ID,
      changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }],
    })),
  };
}

/** One POST's body with these statuses in one change. */
export function statusEnvelope(statuses: readonly Json[], about: About = {}): JsonObject {
  return envelope([{ statuses: [...statuses] }], about);
}

/** One POST's body with these customers' messages in one change. */
export function messageEnvelope(messages: readonly Json[], about: About = {}): JsonObject {
  return envelope([{ messages: [...messages] }], about);
}

/** A customer's text. */
export function inboundText(from: string, wamid: string, body: string): JsonObject {
  return { from, id: wamid, timestamp: String(Math.floor(Date.now() / 1_000)), type: 'text', text: { body } };
}
