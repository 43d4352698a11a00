// What became of a number's messages, and of the webhooks about them.
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber } from '../fact.ts';
import type { Simulation } from '../simulation.ts';
import type { Outbound } from '../world.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { splitFields } from './fields.ts';
import { pageOf } from './paging.ts';

export function getMessageHistory(sim: Simulation, number: BusinessNumber, call: GraphCall): Answer {
  const wamid = call.query.get('message_id');
  const fields = splitFields(call.query.get('fields') ?? 'id,message_id');
  const json = pageOf(call, outboundOf(sim, number, wamid), (message) => {
    const entry: JsonObject = { id: idOf(message.fact.wamid), message_id: message.fact.wamid };
    if (fields.includes('events')) entry['events'] = { data: events(sim, message) };
    return entry;
  });
  return { status: 200, json };
}

// Newest first, as histories of the Graph are.
function outboundOf(sim: Simulation, number: BusinessNumber, wamid: string | null): Outbound[] {
  const candidates = wamid === null ? [...sim.world.messages.values()] : [sim.world.messages.get(wamid)];
  return candidates
    .filter(
      (one): one is Outbound => one?.direction === 'outbound' && one.fact.number === number.phoneNumberId,
    )
    .toReversed();
}

function events(sim: Simulation, message: Outbound): Json {
  const { appId } = sim.settings;
  return message.history.map((change, i) => ({
    id: idOf(`${message.fact.wamid}#${i}`),
    delivery_status: change.status.toUpperCase(),
    timestamp: Math.floor(change.at / 1000),
    webhook_update_state: change.told ?? 'PENDING',
    application: { id: appId },
    ...(sim.world.appCallback ? { webhook_uri: sim.world.appCallback.url } : {}),
  }));
}

function idOf(text: string): string {
  return String(
    (createHash('sha256').update(text).digest().readBigUInt64BE() % 9_000_000_000_000_000n) +
      1_000_000_000_000_000n,
  );
}
