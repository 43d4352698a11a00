// Messages as the control API shows them: what was sent and what customers wrote, oldest first, with their statuses.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { Simulation } from '../simulation.ts';
import type { Message } from '../world.ts';

export interface MessageFilter {
  to?: string;
  from?: string;
  direction?: 'inbound' | 'outbound';
  type?: string;
  limit?: number;
}

export interface MessageView {
  id: string;
  direction: 'inbound' | 'outbound';
  from: string;
  to: string;
  phone_number_id: string;
  type: string;
  at: string;
  status: string;
  statuses: { status: string; at: string; code?: number }[];
  biz_opaque_callback_data?: string;
  payload: JsonObject;
}

export function listMessages(sim: Simulation, filter: MessageFilter): MessageView[] {
  const out: MessageView[] = [];
  for (const message of sim.world.messages.values()) {
    const view = viewOf(sim, message);
    if (filter.to !== undefined && view.to !== filter.to.replaceAll(/\D/g, '')) continue;
    if (filter.from !== undefined && view.from !== filter.from.replaceAll(/\D/g, '')) continue;
    if (filter.direction !== undefined && view.direction !== filter.direction) continue;
    if (filter.type !== undefined && view.type !== filter.type) continue;
    out.push(view);
  }
  return out.slice(-(filter.limit ?? 1000));
}

function viewOf(sim: Simulation, message: Message): MessageView {
  const { fact } = message;
  const business = sim.world.numbers.get(fact.number)?.digits ?? '';
  const outbound = message.direction === 'outbound';
  return {
    id: fact.wamid,
    direction: message.direction,
    from: outbound ? business : fact.phone,
    to: outbound ? fact.phone : business,
    phone_number_id: fact.number,
    type: fact.type,
    at: new Date(fact.at).toISOString(),
    status: outbound
      ? (message.history.at(-1)?.status ?? 'accepted')
      : message.readAt === null
        ? 'delivered'
        : 'read',
    statuses: outbound
      ? message.history.map((change) => ({ ...change, at: new Date(change.at).toISOString() }))
      : [],
    ...(outbound && message.fact.token !== undefined ? { biz_opaque_callback_data: message.fact.token } : {}),
    payload: outbound ? message.fact.payload : message.fact.message,
  };
}
