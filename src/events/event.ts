// What subscribers may hear of. One union: whoever renders or records an event is told by the compiler when a member is added.
//
// What Meta told comes with Meta's own words (`value`: one message or one status with what stood around it, re-enveloped for this
// organisation alone); what Kurir says by itself comes with the rows it is about.
import type { ContactId, ConversationId, EventId, OrganisationId, SubscriptionId } from '../kernel/ids.ts';
import type { Json, JsonObject } from '../kernel/json.ts';

/** Types that a subscription may name; `meta.<field>` stands for any other field of Meta's webhooks, and `*` for all. */
export const EVENT_TYPES = [
  'message.received',
  'message.status',
  'message.created',
  'message.sent',
  'message.edited',
  'message.revoked',
  'message.duplicate_detected',
  'message.media',
  'conversation.created',
  'conversation.assigned',
  'conversation.closed',
  'conversation.reopened',
  'contact.created',
  'contact.updated',
  'contact.identity_updated',
  'webhook_subscription.disabled',
  'webhook.test',
] as const;

/** What names all types that begin so. */
export const EVENT_GROUPS: readonly string[] = ['message.*', 'conversation.*', 'contact.*', 'meta.*'];

export type EventType = (typeof EVENT_TYPES)[number] | `meta.${string}`;

/** Whether a text can be the type of an event. */
export function isEventType(text: string): text is EventType {
  return EVENT_TYPES.some((one) => one === text) || /^meta\.[a-z0-9_]{1,60}$/.test(text);
}

/** The number an event is about, as it was when it arose. */
export interface EventNumber {
  phoneNumberId: string;
  wabaId: string;
  /** Digits. */
  phone: string;
  displayPhoneNumber: string;
}

/** Of a number, what its events say. */
export function toEventNumber(number: EventNumber): EventNumber {
  const { phoneNumberId, wabaId, phone, displayPhoneNumber } = number;
  return { phoneNumberId, wabaId, phone, displayPhoneNumber };
}

/** The customer of a conversation, as far as is known: null says that there is none, undefined that nobody looked. */
export interface Person {
  id: ContactId;
  name: string | null | undefined;
  /** Digits; null where only a user id is known. */
  phone: string | null | undefined;
  userId: string | null;
}

interface Base {
  id: EventId;
  organisationId: OrganisationId;
  /** When it arose, in ms since the epoch. */
  at: number;
}

interface AboutNumber extends Base {
  number: EventNumber;
}

interface AboutMessage extends AboutNumber {
  messageId: string;
  /** Meta's id; null where Meta never gave one. */
  wamid: string | null;
  conversationId: ConversationId;
  /** As in `messages.conversation`: digits, a business-scoped user id, or a group. */
  conversation: string;
  person: Person;
}

/** The fields of Meta's in which messages come: customers' own, and echoes of what the business wrote elsewhere. */
export type MessageField = 'messages' | EchoField;
export type EchoField = 'smb_message_echoes' | 'message_echoes';

/** A customer wrote; or somebody, customer or business (the field tells), edited or revoked what he wrote. */
export interface MessageReceived extends AboutMessage {
  type: 'message.received' | 'message.edited' | 'message.revoked';
  wamid: string;
  field: MessageField;
  /** Meta's message, whole. */
  message: JsonObject;
  /** Meta's `contacts` that belong to it. */
  contacts: JsonObject[];
  /** Meta's `errors` that stood beside it. */
  errors: JsonObject[];
  /** The conversation did not exist before. */
  isNewConversation: boolean;
  media: MediaState | null;
}

export interface MediaState {
  status: 'pending' | 'ready' | 'failed';
  url: string | null;
}

/** An outbound message as the application wrote it. */
export interface OutboundFacts {
  type: string;
  /** Meta's shape, as it was sent. */
  body: JsonObject;
  createdAt: number;
  callbackData: string | null;
  /** Who sent it: an application through Kurir, or a person with the phone app. */
  source: 'api' | 'app';
}

/** A status of Meta's for an outbound message; or the end of one that Meta never told of (`own`). */
export interface MessageStatus extends AboutMessage {
  type: 'message.status';
  status: 'sent' | 'delivered' | 'read' | 'played' | 'failed';
  /** The status object in Meta's shape, without our token: what is in its place is the application's own `biz_opaque_callback_data`. */
  told: JsonObject;
  /** Meta's `contacts` that came with it. */
  contacts: JsonObject[];
  /** Kurir's own words: expired, withdrawn, refused by Meta's answer. */
  own: boolean;
  outbound: OutboundFacts;
  /** What is known of the message by now, this status included; ms since the epoch. */
  times: { sent: number | null; delivered: number | null; read: number | null; failed: number | null };
}

/** An outbound message was accepted (`created`), or taken by Meta or sent with the phone app (`sent`). */
export interface MessageOutbound extends AboutMessage {
  type: 'message.created' | 'message.sent';
  outbound: OutboundFacts;
  /** Of one that was written elsewhere: Meta's words, told by this event alone and not by a `meta.<field>` beside it. */
  echo: { field: EchoField; message: JsonObject; contacts: JsonObject[] } | null;
}

/** Meta told a second id for one message: it was delivered more than once. */
export interface DuplicateDetected extends AboutMessage {
  type: 'message.duplicate_detected';
  wamids: string[];
}

/** The file of a customer's message is here, or never will be. */
export interface MessageMedia extends AboutMessage {
  type: 'message.media';
  messageType: string;
  media: MediaOutcome;
}

/** `reason` is for people. */
export type MediaOutcome =
  | { status: 'ready'; url: string; mimeType: string; size: number }
  | { status: 'failed'; url: null; reason: string };

/** A conversation was opened, given to somebody, resolved, or opened again. `conversation` is the resource as the kirim dialect shows it. */
export interface ConversationEvent extends AboutNumber {
  type: 'conversation.created' | 'conversation.assigned' | 'conversation.closed' | 'conversation.reopened';
  conversationId: ConversationId;
  conversation: string;
  resource: JsonObject;
  /** Of `assigned`. */
  assignedTo?: string | null;
  assignedBefore?: string | null;
  /** Of `reopened`: the customer's message that did it; absent where somebody set it so. */
  reopenedBy?: string;
}

/** A contact appeared or changed. `resource` is as the kirim dialect shows it. */
export interface ContactEvent extends AboutNumber {
  type: 'contact.created' | 'contact.updated' | 'contact.identity_updated';
  contactId: ContactId;
  conversation: string;
  resource: JsonObject;
  /** Of `created`: how it came. */
  acquisitionSource?: 'inbound' | 'outbound' | 'api' | 'phone_app';
  /** Of `updated` and `identity_updated`. */
  changedFields?: string[];
}

/** Any other field of Meta's webhooks, passed on as Meta told it. */
export interface MetaChange extends Base {
  type: `meta.${string}`;
  wabaId: string;
  /** Of the entry, where Meta says it. */
  time: Json | undefined;
  /** Null for what is about the WABA. */
  number: EventNumber | null;
  field: string;
  value: JsonObject;
}

/** A subscription failed too often and hears nothing more until somebody turns it on again. */
export interface SubscriptionDisabled extends Base {
  type: 'webhook_subscription.disabled';
  subscriptionId: SubscriptionId;
  url: string;
  reason: string;
}

/** Somebody wants to see whether the endpoint hears. */
export interface WebhookTest extends Base {
  type: 'webhook.test';
  subscriptionId: SubscriptionId;
}

export type Event =
  | MessageReceived
  | MessageStatus
  | MessageOutbound
  | DuplicateDetected
  | MessageMedia
  | ConversationEvent
  | ContactEvent
  | MetaChange
  | SubscriptionDisabled
  | WebhookTest;

export function isMetaChange(event: Event): event is MetaChange {
  return event.type.startsWith('meta.');
}

/** The number an event belongs to; null for what is about the organisation or a WABA. */
export function numberOfEvent(event: Event): string | null {
  return 'number' in event ? (event.number?.phoneNumberId ?? null) : null;
}

/** The message an event is about, by our id. */
export function messageOfEvent(event: Event): string | null {
  return 'messageId' in event ? event.messageId : null;
}

/** What is told in order, and buffered together: the conversation; null for all else. */
export function conversationOfEvent(event: Event): string | null {
  return 'conversation' in event ? `${event.number.phoneNumberId}/${event.conversation}` : null;
}
