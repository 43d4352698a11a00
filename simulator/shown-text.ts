// The words of a message as a person would read them on a phone, for lists and searches.
import { part, parts, word } from './json-parts.ts';
import { isObject, type JsonObject } from '../src/kernel/json.ts';
import { hydrate } from './graph/check-template-texts.ts';

import type { Simulation } from './simulation.ts';
import { templateKey, type Message, type Outbound } from './world.ts';

export function shownText(sim: Simulation, message: Message): string {
  const { type } = message.fact;
  const payload = message.direction === 'outbound' ? message.fact.payload : message.fact.message;
  if (message.direction === 'outbound' && type === 'template') return templateText(sim, message);
  const body = part(payload, type);
  const candidates = [
    body['body'],
    body['caption'],
    body['emoji'],
    body['text'],
    part(body, 'body')['text'],
    part(body, 'button_reply')['title'],
    part(body, 'list_reply')['title'],
    part(body, 'nfm_reply')['body'],
    // Of an edit: what it says now.
    part(part(body, 'message'), 'text')['body'],
    body['name'],
    body['filename'],
  ];
  const found = candidates.find((one) => typeof one === 'string' && one !== '');
  return typeof found === 'string' ? found : '';
}

function templateText(sim: Simulation, message: Outbound): string {
  const sent = part(message.fact.payload, 'template');
  const wabaId = sim.world.numbers.get(message.fact.number)?.wabaId ?? '';
  const language = word(part(sent, 'language')['code']);
  const template = sim.world.templates.get(templateKey(wabaId, word(sent['name']), language));
  const texts = (template?.components ?? []).flatMap((component: JsonObject) => {
    if (typeof component['text'] !== 'string') return [];
    const type = word(component['type']).toLowerCase();
    const given = parts(sent, 'components').find((one) => word(one['type']).toLowerCase() === type);
    const parameters = isObject(given) ? parts(given, 'parameters') : [];
    return [hydrate(component['text'], parameters)];
  });
  return texts.join('\n');
}
