// Everything that changes the world is a fact: it is applied to the world (apply-fact.ts) and written to the ledger, and
// reading the facts again from the beginning gives the same world. What can be worked out from the world is not repeated.
import type { JsonObject } from '../src/kernel/json.ts';
import type { TemplateSettings } from './settings.ts';

export type Status = 'sent' | 'delivered' | 'read' | 'played' | 'failed';

/** What a magic number does beyond the plain traits. */
export type Quirk =
  | 'offline_hour'
  | 'marketing_capped'
  | 'media_fails'
  | 'failed_then_delivered'
  | 'out_of_order'
  | 'says_stop'
  | 'taps_first_button'
  | 'picks_last_row'
  | 'expires_silently';

/** How a customer and their phone behave. */
export interface PhoneTraits {
  online: boolean;
  autoRead: boolean;
  blocked: boolean;
  optedOut: boolean;
  onWhatsapp: boolean;
  /** Shows no phone number to businesses: webhooks carry the user id alone. */
  usernameUser: boolean;
  /** Its user id is not told, as before user ids came. */
  hidesUserId?: boolean;
  /** The 24-hour window: by what the customer wrote, or always the same. */
  window: 'tracked' | 'open' | 'closed';
  quirk: Quirk | null;
}

export const PLAIN_TRAITS: PhoneTraits = {
  online: true,
  autoRead: false,
  blocked: false,
  optedOut: false,
  onWhatsapp: true,
  usernameUser: false,
  window: 'tracked',
  quirk: null,
};

/** A customer's phone. Numbers nobody made are phones too, with the plain traits, but are not kept. */
export interface Phone extends PhoneTraits {
  phone: string;
  userId: string;
  name: string;
  username?: string;
  parentUserId?: string;
  typingUntil: number;
}

export interface Callback {
  url: string;
  verifyToken: string;
}

/** A business number, and how it is set up by now. */
export interface BusinessNumber {
  phoneNumberId: string;
  wabaId: string;
  display: string;
  digits: string;
  verifiedName: string;
  allowedRecipients: readonly string[] | null;
  registered: boolean;
  callback: Callback | null;
  /** Messages a second; absent: as the settings say. */
  throughputPerSecond?: number | null;
  quality: 'GREEN' | 'YELLOW' | 'RED' | 'UNKNOWN';
}

export interface Media {
  id: string;
  number: string;
  mimeType: string;
  sha256: string;
  size: number;
  filename: string;
  at: number;
  /** Sent by a customer: kept for 7 days instead of 30. */
  inbound: boolean;
  /** Digits of that customer. */
  from?: string;
  /** Of bytes that are made up when they are asked for. */
  seed?: number;
}

export interface Template extends Required<TemplateSettings> {
  rejectedReason?: string;
}

/** A send that was taken. `reply` is written before the answer leaves: whether it was meant to arrive. */
export interface SendFact {
  fact: 'send';
  at: number;
  wamid: string;
  number: string;
  /** Digits of the customer, or a group's id. */
  phone: string;
  /** The user id the send was addressed to, when it was not a phone number. */
  userId?: string;
  type: string;
  /** `type`, or for interactive messages its own type. */
  kind: string;
  token?: string;
  payload: JsonObject;
  /** Of a template. */
  category?: string;
  /** The code of the failure that will be told by webhook. */
  failing?: number;
  group?: true;
  reply: 'sent' | 'swallowed' | 'reset' | 'cut' | 'error';
}

/** A send that was not taken. */
export interface RefusedFact {
  fact: 'refused';
  at: number;
  number: string;
  to: string;
  token?: string;
  code: number;
  http: number;
  reply: 'sent' | 'swallowed' | 'reset';
}

export interface StatusFact {
  fact: 'status';
  at: number;
  wamid: string;
  status: Status;
  code?: number;
}

export interface InboundFact {
  fact: 'inbound';
  at: number;
  wamid: string;
  number: string;
  phone: string;
  type: string;
  /** As it stands in the webhook's `messages`. */
  message: JsonObject;
  /** As they stand beside it. */
  errors?: JsonObject[];
}

/** The answer to one webhook post. An update's id is its wamid, for a status with `#` and its place in the history. */
export interface PostedFact {
  fact: 'posted';
  at: number;
  updates: string[];
  tries: number;
  /** The HTTP status, or what went wrong. */
  answer: number | string;
  /** Answered 200, dropped, or given up: not tried again. */
  done: boolean;
}

/** The business marked a customer's message as read. */
export interface ReadFact {
  fact: 'readByBusiness';
  at: number;
  wamid: string;
  typing: boolean;
}

export type Fact =
  | SendFact
  | RefusedFact
  | StatusFact
  | InboundFact
  | PostedFact
  | { fact: 'phone'; at: number; phone: Phone }
  | ReadFact
  | { fact: 'waba'; at: number; id: string; subscribed: boolean; callback: Callback | null }
  | { fact: 'number'; at: number; number: BusinessNumber }
  | { fact: 'appCallback'; at: number; callback: Callback | null }
  | { fact: 'clock'; at: number; aheadMs: number; rate: number }
  | { fact: 'media'; at: number; media: Media }
  | { fact: 'mediaDeleted'; at: number; id: string }
  | { fact: 'template'; at: number; template: Template }
  | { fact: 'templateDeleted'; at: number; wabaId: string; name: string; id?: string }
  | { fact: 'seeded'; at: number };
