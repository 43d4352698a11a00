// What a customer can tap on a message: reply buttons, rows of a list, quick replies of a template. Each says what the tap
// will send.
import type { JsonObject } from '../src/kernel/json.ts';
import type { Asked } from './inbound/index.ts';
import { part, parts, word } from './json-parts.ts';
import type { Simulation } from './simulation.ts';
import { templateOf, type Outbound } from './world.ts';

export interface TapTarget {
  sort: 'button' | 'row';
  id: string;
  title: string;
  /** What the customer's phone sends. */
  asked: Asked;
}

export function tapTargets(sim: Simulation, message: Outbound): TapTarget[] {
  const { payload, type, kind } = message.fact;
  const action = part(part(payload, type), 'action');
  if (kind === 'button') return replyButtons(action);
  if (kind === 'list') return rows(action);
  if (kind === 'carousel')
    return parts(action, 'cards').flatMap((card) => replyButtons(part(card, 'action')));
  return type === 'template' ? quickReplies(sim, message) : [];
}

function replyButtons(action: JsonObject): TapTarget[] {
  return parts(action, 'buttons').map((button) => {
    const reply = part(button, button['reply'] === undefined ? 'quick_reply' : 'reply');
    const id = word(reply['id']);
    const title = word(reply['title']);
    return { sort: 'button', id, title, asked: { type: 'button_reply', button_reply: { id, title } } };
  });
}

function rows(action: JsonObject): TapTarget[] {
  const all = parts(action, 'sections').flatMap((section) => parts(section, 'rows'));
  return all.map((row) => {
    const id = word(row['id']);
    const title = word(row['title']);
    const more = row['description'] === undefined ? {} : { description: row['description'] };
    return { sort: 'row', id, title, asked: { type: 'list_reply', list_reply: { id, title, ...more } } };
  });
}

// The text stands in the approved template, the payload in the send; without one it is the text.
function quickReplies(sim: Simulation, message: Outbound): TapTarget[] {
  const sent = parts(part(message.fact.payload, 'template'), 'components');
  const approved = templateOf(sim.world, message)?.components.find((one) => one['type'] === 'BUTTONS');
  return parts(approved ?? {}, 'buttons').flatMap((button, index) => {
    if (button['type'] !== 'QUICK_REPLY') return [];
    const text = word(button['text']);
    const given = sent.find(
      (one) => word(one['type']).toLowerCase() === 'button' && Number(one['index']) === index,
    );
    const payload = word(parts(given ?? {}, 'parameters')[0]?.['payload']) || text;
    return [
      { sort: 'button', id: payload, title: text, asked: { type: 'button', button: { payload, text } } },
    ];
  });
}
