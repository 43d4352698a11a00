// What a customer does on their phone, towards a business number: it becomes so here, and the webhook of it leaves.
import type { JsonObject } from '../src/kernel/json.ts';
import { ControlRefusal } from './control-refusal.ts';
import type { Update } from './envelope.ts';
import { newWamid } from './ids.ts';
import { REFERRAL_KEYS, type Frame } from './inbound/frame.ts';
import { variantOf, type Asked } from './inbound/index.ts';
import { pick, type Written } from './inbound/variant.ts';
import { keepMedia } from './media/keep-media.ts';
import { mediaLink } from './media/media-links.ts';
import { changePhone, phoneOf } from './phones.ts';
import { record, type Simulation } from './simulation.ts';
import { nobodyHears, tell } from './tell.ts';
import { inboundUpdate, seconds } from './updates.ts';
import type { Inbound } from './world.ts';

export interface Writing {
  number: string;
  phone: string;
  /** What is written: `type`, the part of that name, and what stands around it. */
  asked: Asked;
  /** The wamid of the message it answers. */
  quotes?: string;
  wamid?: string;
  at?: number;
}

// Captures put these before `type`, everything else after it.
const BODY_FIRST = new Set(['text', 'location', 'system']);
const CONTEXT_KEYS = ['forwarded', 'frequently_forwarded', 'from', 'id', 'referred_product'];
// What is no message that could be edited or taken back.
const OF_OTHERS = new Set(['system', 'edit', 'revoke', 'reaction', 'request_welcome']);

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
  const writer = phoneOf(sim, phone);
  const user = writer.usernameUser ? writer.userId : phone;
  const wamid = writing.wamid ?? newWamid({ user, fromUser: true }, sim.random);
  if (sim.world.messages.has(wamid)) {
    throw new ControlRefusal('invalid_request', `There is a message ${wamid} already.`, { param: 'id' });
  }
  const { variant, own, frame } = variantOf(writing.asked);
  const written = variant(own, {
    phone: writer,
    at,
    toGroup: frame.group !== undefined,
    keep: (about, source) => {
      const media = keepMedia(sim, { ...about, number, inbound: true, from: phone }, source);
      return {
        id: media.id,
        sha256Base64: Buffer.from(media.sha256, 'hex').toString('base64'),
        url: mediaLink(sim, media, { origin: sim.origin, source: 'webhook' }),
      };
    },
    original: (named) => named ?? latestOf(sim, writing),
  });
  const message = messageOf(
    { ...headOf(sim, { ...writing, frame }), id: wamid, timestamp: seconds(at) },
    frame,
    written,
  );
  const { type, errorsBeside: errors, becomes } = written;
  const fact = { fact: 'inbound' as const, at, wamid, number, phone, type, message };
  record(sim, errors === undefined ? fact : { ...fact, errors });
  if (becomes) changePhone(sim, becomes.phone, becomes.change);
  const inbound = sim.world.messages.get(wamid);
  if (inbound?.direction === 'inbound') return inbound;
  throw new Error(`The message ${wamid} of a customer was not kept.`);
}

export function tellInbound(sim: Simulation, inbound: Inbound): void {
  const { number, phone, type } = inbound.fact;
  const update = updateOf(sim, inbound);
  if (update) tell(sim, update, { number, to: phone, type, status: 'message' });
}

/** The webhook of a customer's message; null: there is nobody to be told. */
export function updateOf(sim: Simulation, inbound: Inbound): Update | null {
  const update = inboundUpdate(sim, inbound);
  if (!update) nobodyHears(sim, inbound.fact.wamid);
  return update;
}

function latestOf(sim: Simulation, { number, phone }: Writing): string {
  const latest = (sim.world.threads.get(phone) ?? []).findLast(
    ({ direction, fact }) => direction === 'inbound' && fact.number === number && !OF_OTHERS.has(fact.type),
  );
  if (latest) return latest.fact.wamid;
  throw new ControlRefusal('not_found', 'The customer has written nothing yet to this number.', {
    param: 'original_message_id',
  });
}

// Keys stand in the order of captures.
function messageOf(head: JsonObject, { errors: given }: Frame, written: Written): JsonObject {
  const { type, body, after, errors = given } = written;
  const fault = errors === undefined ? {} : { errors };
  return BODY_FIRST.has(type)
    ? { ...head, ...fault, ...body, type, ...after }
    : { ...head, ...fault, type, ...body, ...after };
}

function headOf(sim: Simulation, writing: Writing & { frame: Frame }): JsonObject {
  const { frame } = writing;
  const phone = phoneOf(sim, writing.phone);
  const context = contextOf(sim, writing);
  return {
    ...(context ? { context } : {}),
    ...(frame.referral ? { referral: pick(frame.referral, REFERRAL_KEYS) } : {}),
    ...(phone.usernameUser ? {} : { from: phone.phone }),
    ...(phone.hidesUserId ? {} : { from_user_id: phone.userId }),
    ...(phone.parentUserId === undefined ? {} : { from_parent_user_id: phone.parentUserId }),
    ...(frame.group === undefined ? {} : { group_id: frame.group }),
  };
}

// A forwarded message names no other; one that asks about a product names the business.
function contextOf(
  sim: Simulation,
  { number, quotes, frame }: Writing & { frame: Frame },
): JsonObject | null {
  const { context = {} } = frame;
  const id = quotes ?? context.id;
  if (id === undefined && Object.keys(context).length === 0) return null;
  const business = sim.world.numbers.get(number)?.digits ?? '';
  const from = id === undefined && !context.referred_product ? {} : { from: authorOf(sim, id) ?? business };
  return pick({ ...from, ...context, ...(id === undefined ? {} : { id }) }, CONTEXT_KEYS);
}

// Of a customer's own message, or another's in a group; of one of the business it is the business.
function authorOf(sim: Simulation, wamid = ''): string | undefined {
  const quoted = sim.world.messages.get(wamid);
  if (quoted?.direction !== 'inbound') return undefined;
  const { phone, userId, usernameUser } = phoneOf(sim, quoted.fact.phone);
  return usernameUser ? userId : phone;
}
