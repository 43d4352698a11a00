// What a customer does on their phone, towards a business number: it becomes so here, and the webhook of it leaves.
import type { JsonObject } from '../src/kernel/json.ts';
import { newWamid } from './ids.ts';
import { phoneOf } from './phones.ts';
import { record, type Simulation } from './simulation.ts';
import { inboundUpdate, seconds } from './updates.ts';
import type { Inbound } from './world.ts';

export interface Writing {
  number: string;
  phone: string;
  type: string;
  /** The message's own part: `{ text: { body } }` and the like. */
  body: JsonObject;
  context?: JsonObject;
  wamid?: string;
  at?: number;
}

// Captures put these before `type`, everything else after it.
const BODY_FIRST = new Set(['text', 'location', 'system', 'errors']);

/** A customer's message arrives, and the subscriber is told. */
export function receiveFrom(sim: Simulation, writing: Writing): Inbound | null {
  const inbound = writeAs(sim, writing);
  const update = inbound && inboundUpdate(sim, inbound);
  if (update) sim.push.post(update);
  return inbound;
}

/** A customer's message arrives; telling is left to the caller. */
export function writeAs(sim: Simulation, writing: Writing): Inbound | null {
  const at = writing.at ?? sim.clock.now();
  const wamid = writing.wamid ?? newWamid({ user: writing.phone, fromUser: true }, sim.random);
  const phone = phoneOf(sim, writing.phone);
  const message: JsonObject = writing.context ? { context: writing.context } : {};
  if (!phone.usernameUser) message['from'] = phone.phone;
  Object.assign(message, { from_user_id: phone.userId, id: wamid, timestamp: seconds(at) });
  if (BODY_FIRST.has(writing.type)) Object.assign(message, writing.body, { type: writing.type });
  else Object.assign(message, { type: writing.type }, writing.body);
  record(sim, {
    fact: 'inbound',
    at,
    wamid,
    number: writing.number,
    phone: writing.phone,
    type: writing.type,
    message,
  });
  const inbound = sim.world.messages.get(wamid);
  return inbound?.direction === 'inbound' ? inbound : null;
}
