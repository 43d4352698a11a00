// Customers and their phones: made, and made to do something.
import { Type, type Static } from 'typebox';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { checked } from '../checked.ts';
import { ControlRefusal } from '../control-refusal.ts';
import { receiveFrom, type Writing } from '../customer.ts';
import type { BusinessNumber, Phone } from '../fact.ts';
import { windowIsOpen } from '../fate.ts';
import { goOn, tellStatus } from '../life.ts';
import { pick } from '../inbound/variant.ts';
import { changePhone, phoneOf } from '../phones.ts';
import type { Simulation } from '../simulation.ts';
import { tapTargets, type TapTarget } from '../tap-targets.ts';
import { tell } from '../tell.ts';
import { preferenceUpdate, usernameOf } from '../updates.ts';
import type { Outbound } from '../world.ts';
import { timeOf } from './clock.ts';
import { digitsOf } from './message-match.ts';
import { viewOf, type MessageView } from './message-view.ts';

/** As a business knows a customer who shows no number. */
const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;

export const NewPhone = Type.Object(
  {
    phone: Type.Optional(Type.String({ description: 'Any number; without one, one that nobody else gets.' })),
    name: Type.Optional(Type.String()),
    online: Type.Optional(Type.Boolean()),
    auto_read: Type.Optional(Type.Boolean()),
    on_whatsapp: Type.Optional(Type.Boolean()),
    user_id: Type.Optional(
      Type.String({ pattern: USER_ID.source, description: 'With it alone, a phone that shows no number.' }),
    ),
    parent_user_id: Type.Optional(Type.String({ pattern: USER_ID.source })),
    username: Type.Optional(Type.String()),
    username_user: Type.Optional(Type.Boolean({ description: 'Webhooks tell its user id alone.' })),
    tells_user_id: Type.Optional(Type.Boolean({ description: 'False: webhooks tell its number alone.' })),
    window: Type.Optional(
      Type.Union([Type.Literal('tracked'), Type.Literal('open'), Type.Literal('closed')]),
    ),
  },
  { additionalProperties: false },
);
export type NewPhone = Static<typeof NewPhone>;

export interface PhoneView {
  phone: string;
  user_id: string;
  name: string;
  online: boolean;
  auto_read: boolean;
  blocked: boolean;
  opted_out: boolean;
  on_whatsapp: boolean;
  username_user: boolean;
  tells_user_id: boolean;
  username?: string;
  parent_user_id?: string;
  /** Of each business number: whether free-form messages may go there now. */
  window_open: { [phoneNumberId: string]: boolean };
  /** The business shows that it is typing. */
  sees_typing: boolean;
}

const Envelope = Type.Object(
  {
    reply_to: Type.Optional(Type.String({ description: 'The wamid of the message it answers.' })),
    id: Type.Optional(Type.String({ minLength: 1, description: 'Its own wamid.' })),
    at: Type.Optional(Type.String({ description: 'An ISO time: when it was written.' })),
  },
  { additionalProperties: false },
);
const ENVELOPE_KEYS = Object.keys(Envelope.properties);

/** A description of a message (see inbound/), with the `number` it goes to and what Envelope has. */
export interface Sending extends JsonObject {
  type: string;
}

export const Tap = Type.Object(
  {
    message: Type.Optional(Type.String({ description: 'A wamid, or `last`.' })),
    button: Type.Optional(Type.String({ description: 'Title or id.' })),
    row: Type.Optional(Type.String({ description: 'Title or id.' })),
  },
  { additionalProperties: false },
);
export type Tap = Static<typeof Tap>;

export function createPhone(sim: Simulation, given: NewPhone): PhoneView {
  const digits = given.phone === undefined ? numberOfUser(sim, given.user_id) : digitsOf(given.phone);
  if (!/^\d{7,15}$/.test(digits)) {
    throw new ControlRefusal('invalid_request', 'phone must be 7 to 15 digits, with or without +.', {
      param: 'phone',
    });
  }
  const change: Partial<Phone> = {};
  if (given.name !== undefined) change.name = given.name;
  if (given.online !== undefined) change.online = given.online;
  if (given.auto_read !== undefined) change.autoRead = given.auto_read;
  if (given.on_whatsapp !== undefined) change.onWhatsapp = given.on_whatsapp;
  if (given.user_id !== undefined) change.userId = userIdFor(sim, given.user_id, digits);
  if (given.parent_user_id !== undefined) change.parentUserId = given.parent_user_id;
  if (given.username !== undefined) change.username = given.username;
  if (given.user_id !== undefined && given.phone === undefined) change.usernameUser = true;
  if (given.username_user !== undefined) change.usernameUser = given.username_user;
  if (given.tells_user_id !== undefined) change.hidesUserId = !given.tells_user_id;
  if (given.window !== undefined) change.window = given.window;
  return phoneView(sim, changePhone(sim, digits, change));
}

function numberOfUser(sim: Simulation, userId: string | undefined): string {
  return sim.world.phoneOfUser.get(userId ?? '') ?? unusedNumber(sim);
}

function userIdFor(sim: Simulation, userId: string, digits: string): string {
  const other = sim.world.phoneOfUser.get(userId) ?? digits;
  if (other === digits) return userId;
  throw new ControlRefusal('invalid_request', `The user id ${userId} is that of ${other}.`, {
    param: 'user_id',
  });
}

export function listPhones(sim: Simulation): PhoneView[] {
  return [...sim.world.phones.values()].map((phone) => phoneView(sim, phone));
}

export function getPhone(sim: Simulation, phone: string): PhoneView {
  return phoneView(sim, phoneOf(sim, checkedDigits(sim, phone)));
}

/** The customer writes; see Sending. */
export function sendFrom(sim: Simulation, phone: string, given: Sending): MessageView {
  const digits = checkedDigits(sim, phone);
  return viewOf(sim, receiveFrom(sim, writingOf(sim, digits, given)));
}

/** What a customer is asked to write, with the number it goes to. */
export function writingOf(sim: Simulation, digits: string, given: Sending): Writing {
  const { number, reply_to, id, at, ...asked } = given;
  const {
    reply_to: quotes,
    id: wamid,
    at: time,
  } = checked(Envelope, pick({ reply_to, id, at }, ENVELOPE_KEYS));
  return {
    number: businessOf(sim, digits, number).phoneNumberId,
    phone: digits,
    asked,
    ...(quotes === undefined ? {} : { quotes }),
    ...(wamid === undefined ? {} : { wamid }),
    ...(time === undefined ? {} : { at: timeOf(time, 'at') }),
  };
}

/** The customer taps a button, or picks a row: of a message, or of the last one that has it. */
export function tap(sim: Simulation, phone: string, given: Tap): MessageView {
  const digits = checkedDigits(sim, phone);
  const { message: which = 'last' } = given;
  const messages = outboundTo(sim, digits).filter((one) => which === 'last' || one.fact.wamid === which);
  for (const message of messages.toReversed()) {
    const target = tapTargets(sim, message).find((one) => isMeant(one, given));
    if (!target) continue;
    const { number, wamid } = message.fact;
    return viewOf(sim, receiveFrom(sim, { number, phone: digits, asked: target.asked, quotes: wamid }));
  }
  throw new ControlRefusal('nothing_to_tap', 'No message has anything of that name to tap.', {
    targets: messages.slice(-5).flatMap((message) =>
      tapTargets(sim, message).map(({ sort, id, title }) => ({
        message: message.fact.wamid,
        sort,
        id,
        title,
      })),
    ),
  });
}

/** The customer opens the chat: everything delivered, up to `message` if one is named, is read. */
export function readAs(sim: Simulation, phone: string, given: { message?: string } = {}): MessageView[] {
  const digits = checkedDigits(sim, phone);
  const read: MessageView[] = [];
  if (!phoneOf(sim, digits).online) return read;
  for (const message of outboundTo(sim, digits)) {
    const last = message.history.at(-1)?.status;
    if (last === 'sent' && message.fact.type !== 'reaction')
      tellStatus(sim, message, { status: 'delivered' });
    if (message.history.at(-1)?.status === 'delivered') {
      tellStatus(sim, message, { status: 'read' });
      read.push(viewOf(sim, message));
    }
    if (message.fact.wamid === given.message) break;
  }
  return read;
}

/** The customer reacts; without an emoji, takes it back. */
export function react(
  sim: Simulation,
  phone: string,
  given: { message?: string; emoji?: string },
): MessageView {
  const { message: which = 'last', emoji } = given;
  const message = outboundTo(sim, checkedDigits(sim, phone)).findLast(
    (one) => which === 'last' || one.fact.wamid === which,
  );
  if (!message)
    throw new ControlRefusal('not_found', `The customer has no message ${which}.`, { param: 'message' });
  const { number, wamid } = message.fact;
  const reaction = { message_id: wamid, ...(emoji === undefined ? {} : { emoji }) };
  return viewOf(
    sim,
    receiveFrom(sim, { number, phone: message.fact.phone, asked: { type: 'reaction', reaction } }),
  );
}

export function setOnline(sim: Simulation, phone: string, online: boolean): PhoneView {
  const changed = changePhone(sim, checkedDigits(sim, phone), { online });
  if (online) for (const message of outboundTo(sim, changed.phone)) goOn(sim, message);
  return phoneView(sim, changed);
}

export function setBlocked(sim: Simulation, phone: string, blocked: boolean): PhoneView {
  const changed = changePhone(sim, checkedDigits(sim, phone), { blocked });
  if (!blocked) for (const message of outboundTo(sim, changed.phone)) goOn(sim, message);
  return phoneView(sim, changed);
}

/** The customer stops, or takes up again, a business's marketing messages; the business is told. */
export function setOptedOut(sim: Simulation, phone: string, optedOut: boolean): PhoneView {
  const changed = changePhone(sim, checkedDigits(sim, phone), { optedOut });
  const number = businessOf(sim, changed.phone, undefined).phoneNumberId;
  const update = preferenceUpdate(sim, number, changed);
  if (update)
    tell(sim, update, { number, to: changed.phone, type: 'user_preferences', status: 'user_preferences' });
  return phoneView(sim, changed);
}

export function phoneView(sim: Simulation, phone: Phone): PhoneView {
  const numbers = [...sim.world.numbers.values()];
  const username = usernameOf(phone);
  return {
    phone: phone.phone,
    user_id: phone.userId,
    name: phone.name,
    online: phone.online,
    auto_read: phone.autoRead,
    blocked: phone.blocked,
    opted_out: phone.optedOut,
    on_whatsapp: phone.onWhatsapp,
    username_user: phone.usernameUser,
    tells_user_id: phone.hidesUserId !== true,
    ...(username === undefined ? {} : { username }),
    ...(phone.parentUserId === undefined ? {} : { parent_user_id: phone.parentUserId }),
    window_open: Object.fromEntries(numbers.map((one) => [one.phoneNumberId, windowIsOpen(sim, one, phone)])),
    sees_typing: phone.typingUntil > sim.clock.now(),
  };
}

const AREA_FIRST = 201;
const ORDINARY_FIRST = 20;
const ORDINARY_COUNT = 80;

// +1 AAA 555 0120 to 0199 belong to nobody, in any area.
function unusedNumber(sim: Simulation): string {
  for (let i = 0; ; i++) {
    const area = AREA_FIRST + Math.floor(i / ORDINARY_COUNT);
    const digits = `1${area}55501${ORDINARY_FIRST + (i % ORDINARY_COUNT)}`;
    if (!sim.world.phones.has(digits)) return digits;
  }
}

/** The number of a phone, by that number or by its owner's user id. */
export function checkedDigits(sim: Simulation, phone: string): string {
  if (USER_ID.test(phone)) {
    const known = sim.world.phoneOfUser.get(phone);
    if (known !== undefined) return known;
    throw new ControlRefusal('not_found', `Nobody has the user id ${phone}; make one by POST /phones.`, {
      param: 'phone',
    });
  }
  const digits = digitsOf(phone);
  if (/^\d{7,15}$/.test(digits)) return digits;
  throw new ControlRefusal('not_found', `"${phone}" is not a phone number.`, { param: 'phone' });
}

// The number named, else the one that last wrote to the customer or was written to, else the first.
function businessOf(sim: Simulation, digits: string, named: unknown): BusinessNumber {
  const { numbers, threads } = sim.world;
  if (typeof named === 'string') {
    const number = numbers.get(named) ?? [...numbers.values()].find((one) => one.digits === digitsOf(named));
    if (number) return number;
    throw new ControlRefusal('not_found', `There is no number ${named}.`, {
      param: 'number',
      known: [...numbers.keys()],
    });
  }
  const number = numbers.get(threads.get(digits)?.at(-1)?.fact.number ?? '') ?? numbers.values().next().value;
  if (number) return number;
  throw new ControlRefusal('not_found', 'The simulator has no business number.', { param: 'number' });
}

function outboundTo(sim: Simulation, digits: string): Outbound[] {
  return (sim.world.threads.get(digits) ?? []).filter((one): one is Outbound => one.direction === 'outbound');
}

function isMeant(target: TapTarget, { button, row }: Tap): boolean {
  if (row !== undefined) return target.sort === 'row' && (target.id === row || target.title === row);
  return (
    target.sort === 'button' && (button === undefined || target.id === button || target.title === button)
  );
}

/** A body that describes a message, at the door. */
export function asSending(body: unknown): Sending {
  if (isObject(body) && typeof body['type'] === 'string') return { ...body, type: body['type'] };
  throw new ControlRefusal('invalid_request', 'The body must be an object with the type of the message.', {
    param: 'type',
  });
}
