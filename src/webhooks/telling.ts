// How an event is told in a dialect: what a dialect's folder provides for its subscribers, handed in by gateway.ts. A body is rendered
// once, when the event is recorded, and the same bytes go out with every try; what a try adds are headers.
import type { Event } from '../events/event.ts';
import type { DeliveryId, EventId } from '../kernel/ids.ts';

export const WEBHOOK_DIALECTS = ['kirim', 'kapso', 'meta', 'standard'] as const;
export type WebhookDialect = (typeof WEBHOOK_DIALECTS)[number];

export interface Rendered {
  /** JSON, exactly as it is posted and signed. */
  body: string;
  /** The dialect's name of the event (`message.received`, `whatsapp.message.received`). */
  name: string;
  /** By what the receiver knows repetitions: Meta's id, or ours. */
  subject: string;
  /** Whose shape the body has. */
  source: 'meta' | 'kirim';
}

/** One try of a delivery. */
export interface Signing {
  body: string;
  /** Of the body, as rendered; of several (a buffer), those of the first. */
  name: string;
  subject: string;
  source: 'meta' | 'kirim';
  eventId: EventId;
  deliveryId: DeliveryId;
  /** From 1. */
  attempt: number;
  /** The moment of this try, in ms since the epoch. */
  now: number;
  /** Those in force, the newest first; at least one. As issued, `whsec_` and all. */
  secrets: readonly string[];
  /** How many events the body holds where they were buffered; null where they were not. */
  batch: number | null;
}

export interface Telling {
  /** Null where the dialect has no such event: its subscribers hear nothing of it. */
  render(event: Event): Rendered | null;
  /** All of them but its length; `user-agent` where the dialect has its own, in lower case. */
  headers(signing: Signing): Record<string, string>;
  /** Several bodies as one, where the dialect can buffer. */
  batch?: (bodies: readonly string[], about: BatchAbout) => string;
}

export interface BatchAbout {
  name: string;
  conversationId: string;
  windowMs: number;
  firstSequence: number;
  lastSequence: number;
}

export type Tellings = Record<WebhookDialect, Telling>;
