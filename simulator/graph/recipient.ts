// Who a send is for. Meta takes phone numbers with the usual signs, bare digits, JSON numbers, user ids and groups; what it
// calls the customer (`wa_id`) is its own word: Brazil's ninth digit goes, Mexico's old 1 comes back.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber } from '../fact.ts';
import { phoneOf } from '../phones.ts';
import type { Simulation } from '../simulation.ts';
import { refusal, schemaFault } from './graph-error.ts';

export interface Recipient {
  /** The customer's digits, a group's id, or a user id that no known phone has. */
  phone: string;
  /** What stands in the answer's `contacts`. */
  contact: JsonObject;
  /** Addressed by user id alone. */
  userId?: string;
  group?: true;
  /** A user id that nobody has. */
  unknown?: true;
}

const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;

export function recipientOf(sim: Simulation, number: BusinessNumber, body: JsonObject): Recipient {
  const to = textOf(body['to'], 'to');
  const userId = textOf(body['recipient'], 'recipient');
  if (to !== undefined && isGroup(body)) return groupOf(sim, to);
  if (to !== undefined) return phoneRecipient(sim, number, { to, userId });
  if (userId === undefined) throw schemaFault('The parameter to is required.');
  return userRecipient(sim, userId);
}

/** The name WhatsApp gives a number. */
export function waId(digits: string): string {
  const brazil = /^55([3-9]\d)9(\d{8})$/.exec(digits);
  if (brazil) return `55${brazil[1]}${brazil[2]}`;
  return /^52[2-9]\d{9}$/.test(digits) ? `521${digits.slice(2)}` : digits;
}

function textOf(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value;
  throw schemaFault(`Param ${path} must be a string.`);
}

function isGroup(body: JsonObject): boolean {
  return typeof body['recipient_type'] === 'string' && body['recipient_type'].toLowerCase() === 'group';
}

function groupOf(sim: Simulation, to: string): Recipient {
  if (!sim.settings.groups.includes(to)) throw refusal(131041);
  return { phone: to, contact: { input: to, wa_id: to }, group: true };
}

interface Addressed {
  to: string;
  userId: string | undefined;
}

function phoneRecipient(sim: Simulation, number: BusinessNumber, { to, userId }: Addressed): Recipient {
  const digits = to.replaceAll(/[\s()+-]/g, '');
  if (digits.startsWith('00')) throw refusal(100, 'Invalid parameter');
  if (!/^\d{7,15}$/.test(digits))
    throw refusal(131009, `Recipient phone number ${to} is not a valid phone number`);
  const phone = waId(digits);
  if (phone === number.digits || digits === number.digits) throw refusal(131021);
  const allowed = number.allowedRecipients;
  if (allowed && !allowed.includes(digits) && !allowed.includes(phone)) throw refusal(131030);
  const contact: JsonObject = { input: to, wa_id: phone };
  if (userId !== undefined) contact['user_id'] = phoneOf(sim, phone).userId;
  return { phone, contact };
}

function userRecipient(sim: Simulation, userId: string): Recipient {
  if (!USER_ID.test(userId)) throw refusal(131009, `Recipient ${userId} is not a valid user id`);
  const phone = sim.world.phoneOfUser.get(userId);
  const contact = { input: userId, user_id: userId };
  return phone === undefined ? { phone: userId, contact, userId, unknown: true } : { phone, contact, userId };
}
