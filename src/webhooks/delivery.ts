// A delivery: one event on its way to one subscription.
//
//   pending → succeeded   an answer of 2xx
//   pending → dead        refused for good (4xx), or all tries failed; kept, and can be replayed
//
// At least once: a try whose answer is lost is made again. Its lease says until when the node that has it in hand may begin a try; after
// that another one may take it.
import { createHash } from 'node:crypto';

import type { DeliveryId, EventId, OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { WebhookDialect } from './telling.ts';

export const DELIVERY_STATES = ['pending', 'succeeded', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** How long a row that was taken is nobody else's. */
export const LEASE_MS = 45_000;

/** A try as it is kept. */
export interface Try {
  at: string;
  ms: number;
  status?: number;
  error?: string;
  detail?: string;
}

/** A delivery as it is shown. */
export interface Delivery {
  id: DeliveryId;
  subscriptionId: SubscriptionId;
  eventId: EventId;
  dialect: WebhookDialect;
  type: string;
  state: DeliveryState;
  attempt: number;
  /** Of a pending one: when it is tried next, at the latest. */
  dueAt: Date | null;
  createdAt: Date;
  finishedAt: Date | null;
  replayedFrom: string | null;
  tries: Try[];
}

/** What is posted, where it is kept still. */
export interface Said {
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
}

/** A node as its deliveries name it: half of an id would do. Were two nodes' the same, a restart of one would repeat what the other has in
 *  hand, and no more. */
export function holderOf(nodeId: string): number {
  return createHash('sha256').update(nodeId).digest().readInt32BE();
}

/** What a node has in hand: all that a try needs. */
export interface Job {
  organisationId: OrganisationId;
  subscriptionId: SubscriptionId;
  dialect: WebhookDialect;
  /** One; or several that go out as one body. */
  rows: readonly [{ id: DeliveryId; createdAt: number }, ...{ id: DeliveryId; createdAt: number }[]];
  /** Of the first. */
  eventId: EventId;
  /** Tries so far. */
  attempt: number;
  /** How many events the body holds, where they were collected. */
  batch: number | null;
  /** It is told by itself after the batch that held it died. */
  isSingle: boolean;
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  body: string;
  /** Until when a try may begin, on the monotonic clock. */
  heldUntil: number;
  /** Of what stands in a line: up to which place, and the lease by which it is this node's. */
  line: { conversation: string; turn: number; leaseUntil: number } | null;
}
