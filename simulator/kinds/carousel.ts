// `interactive` / `carousel`: two to ten cards of one sort, each with the same kind of media.
import { part, parts, word } from '../json-parts.ts';
import type { JsonObject } from '../../src/kernel/json.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import {
  checkCount,
  checkLength,
  checkLongest,
  checkParts,
  checkUnique,
  interactiveShape,
} from './interactive-parts.ts';
import { anyObject, array, integer, media, object, oneOf, required, string } from './shape.ts';

export const carousel: Kind = {
  shape: interactiveShape({
    footer: false,
    action: object({
      cards: required(
        array(
          object({
            card_index: required(integer(0, 9)),
            type: required(oneOf('cta_url', 'product')),
            header: object({
              type: required(oneOf('image', 'video')),
              image: media('image'),
              video: media('video'),
            }),
            body: object({ text: required(string()) }),
            action: required(anyObject),
          }),
        ),
      ),
    }),
  }),
  check(body) {
    const cards = parts(checkParts(body), 'cards');
    checkCount('cards', cards.length, { min: 2, max: 10 });
    checkUnique(
      'card index',
      cards.map((card) => card['card_index']),
    );
    if (new Set(cards.map((card) => card['type'])).size > 1)
      throw refusal(131009, 'All cards must be of the same type');
    if (new Set(cards.map((card) => part(card, 'header')['type'])).size > 1) {
      throw refusal(131009, 'All cards must have the same header type');
    }
    for (const card of cards) checkCard(card);
  },
};

function checkCard(card: JsonObject): void {
  const text = part(card, 'body')['text'];
  checkLongest('Card body text', text, 160);
  if (typeof text === 'string' && text.split('\n').length > 3) {
    throw refusal(131009, 'Card body text must have at most 2 line breaks');
  }
  const action = part(card, 'action');
  if (card['type'] === 'product') {
    if (action['product_retailer_id'] === undefined || action['catalog_id'] === undefined) {
      throw refusal(131008, 'Product card requires product_retailer_id and catalog_id');
    }
    return;
  }
  const header = part(card, 'header');
  if (header[word(header['type'])] === undefined)
    throw refusal(131008, 'Card header requires an image or a video');
  const buttons = parts(action, 'buttons');
  if (buttons.length > 0) return checkCount('buttons', buttons.length, { min: 1, max: 3 });
  checkLength('Button display_text', part(action, 'parameters')['display_text'], { min: 1, max: 20 });
  if (!/^https?:\/\//.test(word(part(action, 'parameters')['url'])))
    throw refusal(131009, 'Card button url is not valid');
}
