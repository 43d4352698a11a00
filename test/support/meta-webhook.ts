// Webhooks as Meta posts them, made by hand: for what a test must say itself (an order, a repetition, a batch, a forgery) instead
// of leaving it to the simulator's world.
import { createHmac, randomUUID } from 'node:crypto';

import { APP_SECRET, BUSINESS_PHONE, PHONE_NUMBER_ID, WABA_ID, type House } from './house.ts';

export interface StatusOf {
  wamid: string;
  status: 'sent' | 'delivered' | 'read' | 'played' | 'failed';
  /** Unix seconds. */
  at?: number;
  to?: string;
  token?: string;
  /** Meta's code of a failure. */
  code?: number;
}

export interface NumberOf {
  phoneNumberId: string;
  phone: string;
}

const HOUSE_NUMBER: NumberOf = { phoneNumberId: PHONE_NUMBER_ID, phone: BUSINESS_PHONE };

/** A `messages` change of a number. */
export function changeOf(value: object, number: NumberOf = HOUSE_NUMBER): object {
  const metadata = { display_phone_number: number.phone, phone_number_id: number.phoneNumberId };
  return { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
}

export function statusOf(of: StatusOf): object {
  return {
    id: of.wamid,
    status: of.status,
    timestamp: String(of.at ?? 1_790_000_000),
    recipient_id: of.to ?? '628111111111',
    ...(of.token === undefined ? {} : { biz_opaque_callback_data: of.token }),
    ...(of.code === undefined ? {} : { errors: [{ code: of.code, title: `Meta's title of ${of.code}` }] }),
  };
}

/** The envelope of changes, all under one WABA. */
export function envelopeOf(...changes: object[]): object {
  return { object: 'whatsapp_business_account', entry: [{ id: WABA_ID, changes }] };
}

/** Posts a webhook to the gateway; signed with the app's secret unless another signature is given. */
export async function postWebhook(
  house: House,
  body: object | string,
  signature?: string | null,
): Promise<{ status: number; text: string }> {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body);
  const signed = signature === undefined ? signatureOf(bytes, APP_SECRET) : signature;
  const response = await fetch(`${house.gateway.url}/webhooks/meta`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signed === null ? {} : { 'x-hub-signature-256': signed }),
    },
    body: bytes,
  });
  return { status: response.status, text: await response.text() };
}

/** A customer writes to the house's number: what Meta posts then; returns the wamid. */
export async function customerWrites(house: House, message: object = {}): Promise<string> {
  const id = newWamid();
  const text = { from: '628111111111', id, timestamp: '1790000000', type: 'text', text: { body: 'Halo' } };
  const posted = await postWebhook(house, envelopeOf(changeOf({ messages: [{ ...text, ...message }] })));
  if (posted.status !== 200) throw new Error(`The webhook was answered ${posted.status}: ${posted.text}`);
  return id;
}

/** An id in the form of Meta's. */
export function newWamid(): string {
  return `wamid.${Buffer.from(randomUUID()).toString('base64')}`;
}

export function signatureOf(bytes: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;
}
