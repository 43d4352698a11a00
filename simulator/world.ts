// What the simulated Meta knows: numbers, customers' phones, messages, windows. It changes only by facts, so that
// reading a ledger from its beginning rebuilds it. Of messages it keeps the latest so many.
import type {
  BusinessNumber,
  Callback,
  InboundFact,
  Media,
  Phone,
  SendFact,
  Status,
  Template,
} from './fact.ts';
import { part, word } from './json-parts.ts';
import type { NumberSettings, Settings, TemplateSettings } from './settings.ts';
import { createTail, type Tail } from './tail.ts';

export interface Waba {
  id: string;
  /** Whether the app hears of this WABA at all. */
  subscribed: boolean;
  callback: Callback | null;
}

export interface StatusChange {
  status: Status;
  at: number;
  code?: number;
  /** How often it was posted, and whether that is over. */
  tries?: number;
  told?: 'DELIVERED' | 'FAILED';
}

/** From the business to a customer. */
export interface Outbound {
  direction: 'outbound';
  /** Its place among all messages. */
  seq: number;
  fact: SendFact;
  history: StatusChange[];
}

/** From a customer to the business. */
export interface Inbound {
  direction: 'inbound';
  seq: number;
  fact: InboundFact;
  readAt: number | null;
  tries?: number;
  told?: 'DELIVERED' | 'FAILED';
}

export type Message = Outbound | Inbound;

const FIRST_TEMPLATE_ID = 1_000_000_000_000_001;

export interface World {
  numbers: Map<string, BusinessNumber>;
  wabas: Map<string, Waba>;
  appCallback: Callback | null;
  phones: Map<string, Phone>;
  phoneOfUser: Map<string, string>;
  messages: Map<string, Message>;
  /** All of them, in the order they came. */
  row: Tail<Message>;
  /** The messages of each customer, oldest first. */
  threads: Map<string, Message[]>;
  /** When a customer last wrote to a number: `number:phone`. */
  wroteAt: Map<string, number>;
  templates: Map<string, Template>;
  media: Map<string, Media>;
  /** Magic numbers whose latest send was refused. */
  refusedLast: Set<string>;
  seeded: boolean;
}

/** The world at the beginning, as the settings describe it. */
export function createWorld(settings: Settings): World {
  const world: World = {
    numbers: new Map(),
    wabas: new Map(),
    appCallback:
      settings.callbackUrl === null ? null : { url: settings.callbackUrl, verifyToken: settings.verifyToken },
    phones: new Map(),
    phoneOfUser: new Map(),
    messages: new Map(),
    row: createTail(settings.keepMessages),
    threads: new Map(),
    wroteAt: new Map(),
    templates: new Map(),
    media: new Map(),
    refusedLast: new Set(),
    seeded: false,
  };
  world.wabas.set(settings.wabaId, { id: settings.wabaId, subscribed: true, callback: null });
  for (const number of settings.numbers) addNumber(world, numberOf(number, settings.wabaId));
  for (const [i, given] of settings.templates.entries()) {
    const template = toTemplate(given, settings.wabaId, i);
    world.templates.set(templateKey(template.wabaId, template.name, template.language), template);
  }
  return world;
}

export function numberOf(given: NumberSettings, wabaId: string): BusinessNumber {
  return {
    phoneNumberId: given.phoneNumberId,
    wabaId: given.wabaId ?? wabaId,
    display: given.displayPhoneNumber,
    digits: given.displayPhoneNumber.replaceAll(/\D/g, ''),
    verifiedName: given.verifiedName,
    allowedRecipients: given.allowedRecipients?.map((one) => one.replaceAll(/\D/g, '')) ?? null,
    registered: given.registered ?? true,
    callback: null,
    quality: 'GREEN',
  };
}

export function addNumber(world: World, number: BusinessNumber): void {
  world.numbers.set(number.phoneNumberId, number);
  if (!world.wabas.has(number.wabaId)) {
    world.wabas.set(number.wabaId, { id: number.wabaId, subscribed: true, callback: null });
  }
}

export function addMessage(world: World, message: Message): void {
  const { wamid, phone } = message.fact;
  world.messages.set(wamid, message);
  const thread = world.threads.get(phone);
  if (thread) thread.push(message);
  else world.threads.set(phone, [message]);
  const forgotten = world.row.add(message);
  if (forgotten) forget(world, forgotten.fact);
}

export function templateKey(wabaId: string, name: string, language: string): string {
  return `${wabaId}/${name}/${language}`;
}

/** The approved template that a message was made from, if it is still there. */
export function templateOf(world: World, { fact }: Outbound): Template | undefined {
  const sent = part(fact.payload, 'template');
  const wabaId = world.numbers.get(fact.number)?.wabaId ?? '';
  return world.templates.get(templateKey(wabaId, word(sent['name']), word(part(sent, 'language')['code'])));
}

export function windowKey(number: string, phone: string): string {
  return `${number}:${phone}`;
}

function toTemplate(given: TemplateSettings, wabaId: string, index: number): Template {
  return {
    ...given,
    wabaId: given.wabaId ?? wabaId,
    parameter_format: given.parameter_format ?? 'POSITIONAL',
    id: given.id ?? String(FIRST_TEMPLATE_ID + index),
  };
}

// A customer's messages are forgotten in the order they came, too.
function forget(world: World, { wamid, phone }: SendFact | InboundFact): void {
  world.messages.delete(wamid);
  const thread = world.threads.get(phone);
  if (thread && thread.length > 1) thread.shift();
  else world.threads.delete(phone);
}
