// What a customer does on their phone, towards a business number: it becomes so here, and the webhook of it leaves.
import type { JsonObject } from '../src/kernel/json.ts';
import { newWamid } from './ids.ts';
import { writtenBy, type Asked } from './inbound/index.ts';
import { keepMedia, mediaLink } from './media-links.ts';
import { changePhone, phoneOf } from './phones.ts';
import { record, type Simulation } from './simulation.ts';
import { nobodyHears, tell } from './tell.ts';
import { inboundUpdate, seconds } from './updates.ts';
import type { Inbound } from './world.ts';

export interface Writing {
  number: string;
  phone: string;
  /** What is written: `type` and the part of that name. */
  asked: Asked;
  /** The wamid of the message it answers. */
  quotes?: string;
  wamid?: string;
  at?: number;
}

// Captures put these before `type`, everything else after it.
const BODY_FIRST = new Set(['text', 'location', 'system', 'errors']);

/** A customer's message arrives, and the subscriber is told. */
export function receiveFrom(sim: Simulation, writing: Writing): Inbound {
  const inbound = writeAs(sim, writing);
  tellInbound(sim, inbound);
  return inbound;
}

/** A customer's message arrives; telling is left to the caller. */
export function writeAs(sim: Simulation, writing: Writing): Inbound {
  const { number, phone } = writing;
  // Who writes is known from then on.
  if (!sim.world.phones.has(phone)) changePhone(sim, phone, {});
  const at = writing.at ?? sim.clock.now();
  const wamid = writing.wamid ?? newWamid({ user: phone, fromUser: true }, sim.random);
  const { type, body } = writtenBy(writing.asked, (given) => {
    const media = keepMedia(sim, { ...given, number, inbound: true });
    return {
      id: media.id,
      sha256Base64: Buffer.from(media.sha256, 'hex').toString('base64'),
      url: mediaLink(sim, media.id, { origin: sim.origin, source: 'webhook' }),
    };
  });
  const head = headOf(sim, writing, { wamid, at });
  const message = BODY_FIRST.has(type) ? { ...head, ...body, type } : { ...head, type, ...body };
  const fact = { fact: 'inbound' as const, at, wamid, number, phone, type, message };
  record(sim, fact);
  const inbound = sim.world.messages.get(wamid);
  if (inbound?.direction === 'inbound') return inbound;
  throw new Error(`The message ${wamid} of a customer was written twice.`);
}

export function tellInbound(sim: Simulation, inbound: Inbound): void {
  const { number, phone, type } = inbound.fact;
  const update = inboundUpdate(sim, inbound);
  if (update) tell(sim, update, { number, to: phone, type, status: 'message' });
  else nobodyHears(sim, inbound.fact.wamid);
}

function headOf(sim: Simulation, writing: Writing, { wamid, at }: { wamid: string; at: number }): JsonObject {
  const phone = phoneOf(sim, writing.phone);
  const business = sim.world.numbers.get(writing.number)?.digits ?? '';
  return {
    ...(writing.quotes === undefined ? {} : { context: { from: business, id: writing.quotes } }),
    ...(phone.usernameUser ? {} : { from: phone.phone }),
    from_user_id: phone.userId,
    id: wamid,
    timestamp: seconds(at),
  };
}
