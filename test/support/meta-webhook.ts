// What Meta's webhooks say, part by part: for what a test must tell itself (an order, a repetition, a neighbour) instead of leaving it to
// the simulator's world. Posted and signed by signed-webhooks.ts.
import { randomUUID } from 'node:crypto';

import type { JsonObject } from '../../src/kernel/json.ts';
import type { House } from './house.ts';
import { inboundText, messageEnvelope, postWebhook, statusEnvelope } from './signed-webhooks.ts';

export interface StatusOf {
  wamid: string;
  status: 'sent' | 'delivered' | 'read' | 'played' | 'failed';
  /** Unix seconds. */
  at?: number;
  /** Our token, as Meta echoes it. */
  token?: string;
  /** Meta's code of a failure. */
  code?: number;
}

const AT = 1_790_000_000;

export function statusOf(of: StatusOf): JsonObject {
  return {
    id: of.wamid,
    status: of.status,
    timestamp: String(of.at ?? AT),
    recipient_id: '628111111111',
    ...(of.token === undefined ? {} : { biz_opaque_callback_data: of.token }),
    ...(of.code === undefined ? {} : { errors: [{ code: of.code, title: `Meta's title of ${of.code}` }] }),
  };
}

/** Meta tells statuses, all in one change; resolves when they are applied. */
export async function tellStatuses(house: Pick<House, 'gateway'>, ...statuses: StatusOf[]): Promise<void> {
  await taken(postWebhook(house, statusEnvelope(statuses.map(statusOf))));
}

/** A customer writes to the house's number; resolves with the wamid when it is stored. */
export async function customerWrites(
  house: House,
  { from = '628111111111', ...more }: JsonObject & { from?: string } = {},
): Promise<string> {
  const wamid = newWamid();
  const { text, ...head } = inboundText(from, wamid, 'Halo');
  const body = more['type'] === undefined ? { text: text ?? null } : {};
  await taken(postWebhook(house, messageEnvelope([{ ...head, ...body, ...more }])));
  return wamid;
}

/** An id in the form of Meta's. */
export function newWamid(): string {
  return `wamid.${Buffer.from(randomUUID()).toString('base64')}`;
}

async function taken(posted: Promise<{ status: number; text: string }>): Promise<void> {
  const { status, text } = await posted;
  if (status !== 200) throw new Error(`The webhook was answered ${status}: ${text}`);
}
