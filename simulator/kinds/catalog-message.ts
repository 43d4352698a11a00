// `interactive` / `catalog_message`: opens the catalogue; body required, no header.
import { part } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required, string } from './shape.ts';

const shape = interactiveShape({
  action: object({
    name: required(oneOf('catalog_message')),
    parameters: object({ thumbnail_product_retailer_id: string() }),
  }),
});

export const catalogMessage: Kind = {
  shape(value, path, media) {
    // A header is refused by WhatsApp, in its own words, not by the schema.
    if (typeof value === 'object' && value !== null && 'header' in value)
      return anyObject(value, path, media);
    shape(value, path, media);
  },
  check(body) {
    if (part(body, 'interactive')['header'] !== undefined) {
      throw refusal(131009, "The parameter interactive['header'] is not allows for catalog messages.");
    }
    checkParts(body);
  },
};
