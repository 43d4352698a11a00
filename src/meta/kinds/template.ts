// A template: the only kind that may reach a customer who has not written for 24 hours. What can be checked without
// knowing the template is checked here: the form of components and parameters, names or none, each place once.
import type { Json, JsonObject } from '../../kernel/json.ts';
import { isObject } from '../../kernel/json.ts';
import { fault, missing, type Fault, type Fields } from './fault.ts';
import { defineKind, exactly, type MediaReference } from './kind.ts';
import { placeFaults } from './location.ts';
import { linkFaults, mediaFaults, mediaReference } from './media.ts';
import { productSectionFaults } from './products.ts';
import {
  components,
  language,
  templateName,
  type Component,
  type HeaderParameter,
} from './template-components.ts';

export const template = defineKind({
  type: 'template',
  schema: exactly({ name: templateName, language, components }),
  canonical,
  *faults(content, fields) {
    yield* componentsFaults(content.components ?? [], 'template.components', fields);
  },
  *mediaIn(content) {
    yield* componentsMedia(content.components ?? [], 'template.components');
  },
  preview: (content) => `Template ${content.name} (${content.language.code})`,
  example: {
    name: 'order_confirmation',
    language: { code: 'id_ID' },
    components: [
      {
        type: 'header',
        parameters: [{ type: 'image', image: { link: 'https://cdn.example.com/order.png' } }],
      },
      {
        type: 'body',
        parameters: [
          { type: 'text', text: 'Siti' },
          {
            type: 'currency',
            currency: { fallback_value: 'Rp150.000', code: 'IDR', amount_1000: 150000000 },
          },
        ],
      },
      { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'ORD-12345' }] },
      {
        type: 'button',
        sub_type: 'quick_reply',
        index: '1',
        parameters: [{ type: 'payload', payload: 'help' }],
      },
    ],
  },
});

// A card's components are those of a message without the carousel, so one walk serves both.
function* componentsFaults(list: readonly Component[], path: string, fields: Fields): Iterable<Fault> {
  const places = new Set<string>();
  for (const [i, one] of list.entries()) {
    const at = `${path}[${i}]`;
    const place = placeOf(one);
    if (place !== null && places.has(place)) {
      yield one.type === 'button'
        ? fault(`${at}.index`, 'must not repeat: there is another button at this place')
        : fault(`${at}.type`, 'must not repeat: there is another component of this type');
    }
    if (place !== null) places.add(place);
    yield* componentFaults(one, at, fields);
  }
}

const ONCE = ['header', 'body', 'limited_time_offer', 'carousel'];

// Null for what may repeat, and (in the open dialects) for what Meta may have added since.
function placeOf(one: Component): string | null {
  if (one.type === 'button') return 'index' in one ? `button ${one.index}` : null;
  return ONCE.includes(one.type) ? one.type : null;
}

function* componentFaults(one: Component, path: string, fields: Fields): Iterable<Fault> {
  if (one.type === 'carousel') yield* cardsFaults(one.cards, `${path}.cards`, fields);
  if (one.type === 'header') yield* headerFaults(one.parameters[0], `${path}.parameters[0]`, fields);
  if (one.type === 'body') yield* nameFaults(one.parameters, `${path}.parameters`);
  if (one.type === 'tap_target_configuration') {
    for (const [i, target] of (one.parameters[0]?.tap_target_configuration ?? []).entries()) {
      yield* linkFaults(target.url, `${path}.parameters[0].tap_target_configuration[${i}].url`, fields);
    }
  }
  if (one.type === 'button' && one.sub_type === 'mpm') {
    yield* productSectionFaults(
      one.parameters[0]?.action.sections ?? [],
      `${path}.parameters[0].action.sections`,
    );
  }
}

type Card = Extract<Component, { type: 'carousel' }>['cards'][number];

function* cardsFaults(cards: readonly Card[], path: string, fields: Fields): Iterable<Fault> {
  const seen = new Set<number>();
  for (const [i, card] of cards.entries()) {
    if (seen.has(card.card_index)) yield fault(`${path}[${i}].card_index`, 'must not repeat');
    seen.add(card.card_index);
    yield* componentsFaults(card.components, `${path}[${i}].components`, fields);
  }
}

function* headerFaults(one: HeaderParameter | undefined, path: string, fields: Fields): Iterable<Fault> {
  if (one?.type === 'image') yield* mediaFaults(one.image, `${path}.image`, fields);
  if (one?.type === 'video') yield* mediaFaults(one.video, `${path}.video`, fields);
  if (one?.type === 'gif') yield* mediaFaults(one.gif, `${path}.gif`, fields);
  if (one?.type === 'document') yield* mediaFaults(one.document, `${path}.document`, fields);
  if (one?.type === 'location') yield* placeFaults(one.location, `${path}.location`);
}

/** Named or by position, never both; Meta refuses a mixture whatever the template is. */
function* nameFaults(
  parameters: readonly { type: string; parameter_name?: string }[],
  path: string,
): Iterable<Fault> {
  const named = parameters.some((one) => one.parameter_name !== undefined);
  const names = new Set<string>();
  for (const [i, one] of parameters.entries()) {
    const at = `${path}[${i}].parameter_name`;
    if (named && one.parameter_name === undefined)
      yield missing(at, 'is required: another parameter here has a name');
    if (one.parameter_name === undefined) continue;
    if (names.has(one.parameter_name)) yield fault(at, 'must not repeat');
    names.add(one.parameter_name);
  }
}

function* componentsMedia(list: readonly Component[], path: string): Iterable<MediaReference> {
  for (const [i, one] of list.entries()) {
    if (one.type === 'carousel') {
      for (const [k, card] of one.cards.entries())
        yield* componentsMedia(card.components, `${path}[${i}].cards[${k}].components`);
    }
    if (one.type === 'header') yield* headerMedia(one.parameters[0], `${path}[${i}].parameters[0]`);
  }
}

function* headerMedia(one: HeaderParameter | undefined, path: string): Iterable<MediaReference> {
  if (one?.type === 'image') yield mediaReference('image', one.image, `${path}.image`);
  if (one?.type === 'video') yield mediaReference('video', one.video, `${path}.video`);
  if (one?.type === 'gif') yield mediaReference('gif', one.gif, `${path}.gif`);
  if (one?.type === 'document') yield mediaReference('document', one.document, `${path}.document`);
}

// Meta takes BODY and COPY_CODE as well as body and copy_code; the official client of one dialect writes amount1000.
function canonical(content: JsonObject, fields: Fields): JsonObject {
  const list = content['components'];
  return Array.isArray(list) ? { ...content, components: list.map((one) => spelled(one, fields)) } : content;
}

const TAGS = ['type', 'sub_type'];
const NESTED = ['parameters', 'cards', 'components', 'currency'];

function spelled(value: Json, fields: Fields): Json {
  if (Array.isArray(value)) return value.map((one) => spelled(one, fields));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, Json] => {
    if (TAGS.includes(key) && typeof item === 'string') return [key, item.toLowerCase()];
    if (NESTED.includes(key)) return [key, spelled(item, fields)];
    if (key === 'amount1000' && fields === 'open' && !('amount_1000' in value)) return ['amount_1000', item];
    return [key, item];
  });
  return Object.fromEntries(entries);
}
