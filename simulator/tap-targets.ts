// What a customer can tap on a message: reply buttons, rows of a list, quick replies of a template. Each says what the tap
// will send.
import { isObject, type JsonObject } from '../src/kernel/json.ts';
import type { Asked } from './inbound/index.ts';
import type { Simulation } from './simulation.ts';
import { templateKey, type Outbound } from './world.ts';

export interface TapTarget {
  sort: 'button' | 'row';
  id: string;
  title: string;
  /** What the customer's phone sends. */
  asked: Asked;
}

export function tapTargets(sim: Simulation, message: Outbound): TapTarget[] {
  const { payload, type, kind } = message.fact;
  const part = objectOf(payload[type]);
  if (kind === 'button') return replyButtons(objectOf(part['action']));
  if (kind === 'list') return rows(objectOf(part['action']));
  if (kind === 'carousel') {
    return objectsOf(objectOf(part['action'])['cards']).flatMap((card) =>
      replyButtons(objectOf(card['action'])),
    );
  }
  return type === 'template' ? quickReplies(sim, message, part) : [];
}

function replyButtons(action: JsonObject): TapTarget[] {
  return objectsOf(action['buttons']).flatMap((button) => {
    const reply = objectOf(button['reply'] ?? button['quick_reply']);
    const id = String(reply['id'] ?? '');
    const title = String(reply['title'] ?? '');
    return id === ''
      ? []
      : [{ sort: 'button', id, title, asked: { type: 'button_reply', button_reply: { id, title } } }];
  });
}

function rows(action: JsonObject): TapTarget[] {
  const all = objectsOf(action['sections']).flatMap((section) => objectsOf(section['rows']));
  return all.map((row) => {
    const id = String(row['id'] ?? '');
    const title = String(row['title'] ?? '');
    const { description } = row;
    const more = typeof description === 'string' ? { description } : {};
    return { sort: 'row', id, title, asked: { type: 'list_reply', list_reply: { id, title, ...more } } };
  });
}

// The text stands in the approved template, the payload in the send; without one it is the text.
function quickReplies(sim: Simulation, message: Outbound, part: JsonObject): TapTarget[] {
  const wabaId = sim.world.numbers.get(message.fact.number)?.wabaId ?? '';
  const language = String(objectOf(part['language'])['code']);
  const template = sim.world.templates.get(templateKey(wabaId, String(part['name']), language));
  const buttons = template?.components.find((one) => one['type'] === 'BUTTONS');
  return objectsOf(buttons?.['buttons']).flatMap((button, index) => {
    if (button['type'] !== 'QUICK_REPLY') return [];
    const text = String(button['text']);
    const payload = payloadAt(part, index) ?? text;
    return [
      { sort: 'button', id: payload, title: text, asked: { type: 'button', button: { payload, text } } },
    ];
  });
}

function payloadAt(part: JsonObject, index: number): string | undefined {
  const sent = objectsOf(part['components']).find(
    (one) => String(one['type']).toLowerCase() === 'button' && Number(one['index']) === index,
  );
  const [parameter] = objectsOf(sent?.['parameters']);
  return typeof parameter?.['payload'] === 'string' ? parameter['payload'] : undefined;
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
