// A read receipt, with a typing indicator if asked for: on the same edge as sends, told apart by `status`.
import { word } from '../json-parts.ts';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber } from '../fact.ts';
import { isWamid } from '../ids.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Answer } from './answer.ts';
import { checkEnvelope } from './check-body.ts';
import { refusal, schemaFault } from './graph-error.ts';

const REACH_MS = 30 * 24 * 60 * 60 * 1000;

export function isReceipt(body: JsonObject): boolean {
  return body['status'] !== undefined;
}

export function markRead(sim: Simulation, number: BusinessNumber, body: JsonObject): Answer {
  checkEnvelope(body);
  if (body['status'] !== 'read') {
    throw schemaFault(`Param status must be one of {READ} - got "${word(body['status'])}".`);
  }
  const wamid = body['message_id'];
  if (wamid === undefined) throw schemaFault('The parameter message_id is required.');
  if (typeof wamid !== 'string') throw schemaFault('Param message_id must be a string.');
  const typing = checkTyping(body['typing_indicator']);
  checkMessage(sim, number, wamid);
  record(sim, { fact: 'readByBusiness', at: sim.clock.now(), wamid, typing });
  return { status: 200, json: { success: true }, wabaId: number.wabaId };
}

function checkTyping(typing: unknown): boolean {
  if (typing === undefined) return false;
  if (!isObject(typing)) throw schemaFault('Param typing_indicator must be a JSON object.');
  if (typing['type'] === undefined) throw schemaFault("The parameter typing_indicator['type'] is required.");
  if (typing['type'] === 'text') return true;
  throw schemaFault(`Param typing_indicator['type'] must be one of {TEXT} - got "${word(typing['type'])}".`);
}

function checkMessage(sim: Simulation, number: BusinessNumber, wamid: string): void {
  const message = isWamid(wamid) ? sim.world.messages.get(wamid) : undefined;
  if (!message || message.fact.number !== number.phoneNumberId) {
    throw refusal(100, 'Please check the message ID you have provided.');
  }
  if (message.direction === 'outbound') {
    throw refusal(
      100,
      `Message supplied to mark message as read API with message ID: ${wamid} is outgoing. Please use an incoming message ID.`,
    );
  }
  if (sim.clock.now() - message.fact.at >= REACH_MS) {
    throw refusal(131009, 'Message cannot be marked as read: it was received more than 30 days ago.');
  }
}
