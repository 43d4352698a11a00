// A send: checked in Meta's order (schema, recipient, kind, pace), accepted with a wamid, and its life begun. What Meta finds
// out later (window, blocked, links) is decided here, too, and told by webhook.
import type { JsonObject } from '../../src/kernel/json.ts';
import { newWamid } from '../ids.ts';
import { goOn } from '../life.ts';
import { phoneOf } from '../phones.ts';
import { record, type Simulation } from '../simulation.ts';
import { windowKey, type BusinessNumber } from '../world.ts';
import type { Answer } from './answer.ts';
import { schemaFault } from './graph-error.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function sendMessage(sim: Simulation, number: BusinessNumber, body: JsonObject): Answer {
  const to = recipient(body);
  const type = typeof body['type'] === 'string' ? body['type'].toLowerCase() : 'text';
  const text = body['text'];
  if (type === 'text' && (typeof text !== 'object' || text === null))
    throw schemaFault('The parameter text is required.');
  const phone = to.replaceAll(/\D/g, '');
  const at = sim.clock.now();
  const wamid = newWamid({ user: phone, fromUser: false }, sim.random);
  const token = body['biz_opaque_callback_data'];
  const wroteAt = sim.world.wroteAt.get(windowKey(number.phoneNumberId, phone));
  const closed =
    sim.settings.windowEnforced && type !== 'template' && (wroteAt === undefined || at - wroteAt >= DAY_MS);
  record(sim, {
    fact: 'send',
    at,
    wamid,
    number: number.phoneNumberId,
    phone,
    type,
    kind: type,
    ...(typeof token === 'string' ? { token } : {}),
    payload: body,
    ...(closed ? { failing: 131047 } : {}),
    reply: 'sent',
  });
  const message = sim.world.messages.get(wamid);
  if (message?.direction === 'outbound') goOn(sim, message);
  return {
    status: 200,
    json: {
      messaging_product: 'whatsapp',
      contacts: [{ input: to, wa_id: phoneOf(sim, phone).phone }],
      messages: [type === 'template' ? { id: wamid, message_status: 'accepted' } : { id: wamid }],
    },
    wabaId: number.wabaId,
  };
}

function recipient(body: JsonObject): string {
  if (body['messaging_product'] === undefined)
    throw schemaFault('The parameter messaging_product is required.');
  const to = body['to'];
  if (typeof to === 'number') return String(to);
  if (typeof to !== 'string') throw schemaFault('The parameter to is required.');
  return to;
}
