// Whether a template message fits the approved template: there in that language, in use, as many parameters as variables, each
// of the right sort, and every button that needs a parameter has one.
import { part, parts, word } from '../json-parts.ts';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber, Template } from '../fact.ts';

import type { Simulation } from '../simulation.ts';
import { templateKey } from '../world.ts';
import { checkButtons } from './check-template-buttons.ts';
import { checkTexts, variablesOf } from './check-template-texts.ts';
import { GraphError, refusal } from './graph-error.ts';

const MEDIA_FORMATS = new Set(['IMAGE', 'VIDEO', 'DOCUMENT', 'GIF', 'LOCATION', 'PRODUCT']);

export function checkTemplate(sim: Simulation, number: BusinessNumber, body: JsonObject): Template {
  const sent = part(body, 'template');
  const template = findTemplate(sim, number, sent);
  if (template.name === 'hello_world' && number.allowedRecipients === null) {
    const code = 131058;
    throw new GraphError({
      code,
      message: `(#${code}) Hello World templates can only be sent from the Public Test Numbers`,
    });
  }
  checkComponents(template, template.components, parts(sent, 'components'));
  return template;
}

function findTemplate(sim: Simulation, number: BusinessNumber, sent: JsonObject): Template {
  const name = word(sent['name']);
  const language = word(part(sent, 'language')['code']);
  const template = sim.world.templates.get(templateKey(number.wabaId, name, language));
  // What is not approved does not exist for a send.
  if (!template || template.status === 'PENDING' || template.status === 'REJECTED') {
    throw refusal(132001, `template name (${name}) does not exist in ${language}`);
  }
  if (template.status === 'PAUSED') throw refusal(132015, 'Template is paused due to low quality');
  if (template.status === 'DISABLED') throw refusal(132016, 'Template is disabled due to low quality');
  return template;
}

function checkComponents(template: Template, approved: JsonObject[], sent: JsonObject[]): void {
  const ofType = (type: string): JsonObject | undefined =>
    sent.find((one) => word(one['type']).toLowerCase() === type.toLowerCase());
  const approvedOf = (type: string): JsonObject | undefined => approved.find((one) => one['type'] === type);
  checkHeader(template, approvedOf('HEADER'), ofType('header'));
  checkTexts(template, {
    where: 'body',
    text: word(approvedOf('BODY')?.['text']),
    sent: ofType('body'),
  });
  checkButtons(
    parts(approvedOf('BUTTONS') ?? {}, 'buttons'),
    sent.filter((one) => word(one['type']).toLowerCase() === 'button'),
  );
  checkOffer(approvedOf('LIMITED_TIME_OFFER'), ofType('limited_time_offer'));
  checkCards(template, approvedOf('CAROUSEL'), ofType('carousel'));
}

function checkHeader(
  template: Template,
  approved: JsonObject | undefined,
  sent: JsonObject | undefined,
): void {
  const format = word(approved?.['format'] ?? 'TEXT');
  if (!MEDIA_FORMATS.has(format)) {
    return checkTexts(template, { where: 'header', text: word(approved?.['text']), sent });
  }
  const [parameter] = sent ? parts(sent, 'parameters') : [];
  const received = parameter ? word(parameter['type']).toUpperCase() : 'UNKNOWN';
  if (received !== format || !isObject(parameter?.[format.toLowerCase()])) {
    const what = received === format ? 'UNKNOWN' : received;
    throw refusal(132012, `header: Format mismatch, expected ${format}, received ${what}`);
  }
}

function checkOffer(approved: JsonObject | undefined, sent: JsonObject | undefined): void {
  if (!approved || part(approved, 'limited_time_offer')['has_expiration'] === false) return;
  const [parameter] = sent ? parts(sent, 'parameters') : [];
  if (!parameter || !isObject(parameter['limited_time_offer'])) {
    throw refusal(
      131008,
      'limited_time_offer: Parameter of type limited_time_offer is missing expiration_time_ms',
    );
  }
}

function checkCards(
  template: Template,
  approved: JsonObject | undefined,
  sent: JsonObject | undefined,
): void {
  if (!approved) return;
  const cards = parts(approved, 'cards');
  const sentCards = sent ? parts(sent, 'cards') : [];
  const needed = cards.filter(needsParameters).length;
  if (sentCards.length !== cards.length && (needed > 0 || sentCards.length > 0)) {
    throw refusal(
      132012,
      `carousel: Number of cards (${sentCards.length}) does not match the expected number of cards (${cards.length})`,
    );
  }
  for (const card of sentCards) {
    const known = cards[Number(card['card_index'])];
    if (!known) throw refusal(131009, `carousel: Card index ${word(card['card_index'])} does not exist`);
    checkComponents(template, parts(known, 'components'), parts(card, 'components'));
  }
}

function needsParameters(card: JsonObject): boolean {
  return parts(card, 'components').some(
    (one) => MEDIA_FORMATS.has(word(one['format'])) || variablesOf(word(one['text'])).length > 0,
  );
}
