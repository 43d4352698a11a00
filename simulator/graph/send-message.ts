// A send, checked in Meta's order: schema, sender and recipient, the kind's rules, the template, pace. Then it is accepted: it
// has a wamid, stands in the ledger, and its life begins. What Meta finds out only later is decided here, too (fate.ts).
import { part, word } from '../json-parts.ts';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber, SendFact, Template } from '../fact.ts';
import { fateOf } from '../fate.ts';
import { newWamid } from '../ids.ts';
import { goOn } from '../life.ts';
import { findMedia } from '../media/keep-media.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Answer } from './answer.ts';
import { checkBody, checkEnvelope, type CheckedBody } from './check-body.ts';
import { checkTemplate } from './check-template.ts';
import { refusal, schemaFault } from './graph-error.ts';
import { recipientOf, type Recipient } from './recipient.ts';

/** How the answer will fare, and the failure that a fault wants. */
export interface SendManner {
  reply: SendFact['reply'];
  failing?: number;
}

export interface Send {
  body: JsonObject;
  manner: SendManner;
}

export interface CheckedSend extends CheckedBody {
  recipient: Recipient;
  template?: Template;
}

const UNDELIVERABLE = 131_026;
const GROUP_TYPES = new Set(['text', 'image', 'video', 'audio', 'document', 'sticker', 'template']);
const CODE_BUTTONS = new Set(['OTP', 'COPY_CODE']);

export function sendMessage(sim: Simulation, number: BusinessNumber, { body, manner }: Send): Answer {
  const send = checkSend(sim, number, body);
  takePace(sim, number, send.recipient.phone);
  const wamid = accept(sim, number, { send, manner });
  return { status: 200, json: acceptedJson(send, wamid), wabaId: number.wabaId, wamid };
}

export function checkSend(sim: Simulation, number: BusinessNumber, body: JsonObject): CheckedSend {
  checkEnvelope(body);
  if (body['to'] === undefined && body['recipient'] === undefined)
    throw schemaFault('The parameter to is required.');
  const checked = checkBody(body);
  if (!number.registered) throw refusal(133010);
  const recipient = recipientOf(sim, number, body);
  if (recipient.group && !GROUP_TYPES.has(checked.type)) throw refusal(131051);
  checkMedia(sim, number, checked);
  if (checked.type !== 'template') return { ...checked, recipient };
  const template = checkTemplate(sim, number, body);
  if (recipient.userId !== undefined && hasCodeButton(template)) throw refusal(131062);
  return { ...checked, recipient, template };
}

// Uploads belong to the number they were uploaded for, for as long as they are kept.
function checkMedia(sim: Simulation, number: BusinessNumber, { media }: CheckedBody): void {
  for (const { id, path } of media) {
    if (id !== undefined && findMedia(sim, id)?.number !== number.phoneNumberId) {
      throw schemaFault(`Param ${path}['id'] is not a valid whatsapp business account media attachment ID`);
    }
  }
}

function hasCodeButton(template: Template): boolean {
  if (template.category !== 'AUTHENTICATION') return false;
  const buttons = template.components.find((one) => one['type'] === 'BUTTONS')?.['buttons'];
  return (
    Array.isArray(buttons) && buttons.some((one) => isObject(one) && CODE_BUTTONS.has(word(one['type'])))
  );
}

function takePace(sim: Simulation, number: BusinessNumber, phone: string): void {
  const { settings, pace, clock } = sim;
  const now = clock.now();
  const perSecond =
    number.throughputPerSecond === undefined ? settings.throughputPerSecond : number.throughputPerSecond;
  if (!pace.takeNumber(number.phoneNumberId, perSecond, now))
    throw refusal(130429, undefined, settings.throttleStatus);
  if (!pace.takePair(`${number.phoneNumberId}:${phone}`, settings.pairLimit, now))
    throw refusal(131056, undefined, settings.throttleStatus);
}

function accept(
  sim: Simulation,
  number: BusinessNumber,
  { send, manner }: { send: CheckedSend; manner: SendManner },
): string {
  const { recipient, type, kind, body, template, callbackData } = send;
  const { phone } = recipient;
  const wamid = newWamid({ user: recipient.userId ?? phone, fromUser: false }, sim.random);
  const failing = manner.failing ?? failureOf(sim, number, send);
  record(sim, {
    fact: 'send',
    at: sim.clock.now(),
    wamid,
    number: number.phoneNumberId,
    phone,
    type,
    kind,
    ...(recipient.userId === undefined ? {} : { userId: recipient.userId }),
    ...(callbackData === undefined ? {} : { token: callbackData }),
    payload: body,
    ...(template ? { category: template.category } : {}),
    ...(failing === undefined ? {} : { failing }),
    ...(recipient.group ? { group: true as const } : {}),
    reply: manner.reply,
  });
  const message = sim.world.messages.get(wamid);
  if (message?.direction === 'outbound') goOn(sim, message);
  stopTyping(sim, phone);
  return wamid;
}

// Groups have no window and no owner.
function failureOf(sim: Simulation, number: BusinessNumber, send: CheckedSend): number | undefined {
  const { recipient, kind, media, body, template } = send;
  if (recipient.unknown) return UNDELIVERABLE;
  if (recipient.group) return undefined;
  const reactsTo = kind === 'reaction' ? word(part(body, 'reaction')['message_id']) : undefined;
  const accepted = { number, phone: recipient.phone, media };
  return (
    fateOf(sim, {
      ...accepted,
      ...(template ? { template } : {}),
      ...(reactsTo === undefined ? {} : { reactsTo }),
    }) ?? undefined
  );
}

function stopTyping(sim: Simulation, digits: string): void {
  const phone = sim.world.phones.get(digits);
  if (phone) phone.typingUntil = 0;
}

function acceptedJson({ recipient, type }: CheckedSend, wamid: string): JsonObject {
  return {
    messaging_product: 'whatsapp',
    contacts: [recipient.contact],
    messages: [type === 'template' ? { id: wamid, message_status: 'accepted' } : { id: wamid }],
  };
}
