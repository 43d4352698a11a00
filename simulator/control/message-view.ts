// A message as the control API shows it.
import type { JsonObject } from '../../src/kernel/json.ts';
import { shownText } from '../shown-text.ts';
import type { Simulation } from '../simulation.ts';
import type { Message, Outbound } from '../world.ts';

export interface MessageView {
  id: string;
  /** Its place in the order of arrival. */
  seq: number;
  direction: 'inbound' | 'outbound';
  from: string;
  to: string;
  phone_number_id: string;
  type: string;
  at: string;
  /** The furthest it got; of inbound messages `read` when the business marked them. */
  status: string;
  statuses: { status: string; at: string; code?: number; webhook: string }[];
  text: string;
  biz_opaque_callback_data?: string;
  /** Accepted, but the answer never arrived whole. */
  reply?: string;
  payload: JsonObject;
}

const RANKS = ['accepted', 'sent', 'failed', 'delivered', 'read', 'played'];

export function statusOf(message: Message): string {
  if (message.direction === 'inbound') return message.readAt === null ? 'delivered' : 'read';
  let furthest = 'accepted';
  for (const { status } of message.history) {
    if (RANKS.indexOf(status) > RANKS.indexOf(furthest)) furthest = status;
  }
  return furthest;
}

export function viewOf(sim: Simulation, message: Message): MessageView {
  const { fact, direction } = message;
  const business = sim.world.numbers.get(fact.number)?.digits ?? '';
  return {
    id: fact.wamid,
    seq: message.seq,
    direction,
    from: direction === 'outbound' ? business : fact.phone,
    to: direction === 'outbound' ? fact.phone : business,
    phone_number_id: fact.number,
    type: fact.type,
    at: new Date(fact.at).toISOString(),
    status: statusOf(message),
    statuses: direction === 'outbound' ? statuses(message) : [],
    text: shownText(sim, message),
    ...(direction === 'outbound' ? sent(message) : { payload: message.fact.message }),
  };
}

function statuses(message: Outbound): MessageView['statuses'] {
  return message.history.map(({ status, at, code, told }) => ({
    status,
    at: new Date(at).toISOString(),
    ...(code === undefined ? {} : { code }),
    webhook: (told ?? 'PENDING').toLowerCase(),
  }));
}

function sent({ fact }: Outbound): Pick<MessageView, 'payload' | 'biz_opaque_callback_data' | 'reply'> {
  return {
    ...(fact.token === undefined ? {} : { biz_opaque_callback_data: fact.token }),
    ...(fact.reply === 'sent' ? {} : { reply: fact.reply }),
    payload: fact.payload,
  };
}
