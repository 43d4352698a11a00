// `interactive` / `product_list`: up to thirty products in up to ten sections; a text header must stand above.
import { part, parts } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkCount, checkLongest, checkParts, interactiveShape } from './interactive-parts.ts';
import { array, object, required, string, stringish } from './shape.ts';

const PRODUCTS_MAX = 30;

export const productList: Kind = {
  shape: interactiveShape({
    headers: ['text'],
    action: object({
      catalog_id: required(stringish),
      sections: required(
        array(
          object({
            title: string(),
            product_items: required(array(object({ product_retailer_id: required(string(1000, 1)) }))),
          }),
        ),
      ),
    }),
  }),
  check(body) {
    if (part(body, 'interactive')['header'] === undefined) {
      throw refusal(131008, "The parameter interactive['header'] is required for product list messages");
    }
    const sections = parts(checkParts(body), 'sections');
    checkCount('sections', sections.length, { min: 1, max: 10 });
    for (const section of sections) {
      checkLongest('Section title', section['title'], 24);
      if (sections.length > 1 && !section['title']) {
        throw refusal(131009, 'Section title is required when there is more than one section');
      }
    }
    const products = sections.flatMap((section) => parts(section, 'product_items'));
    checkCount('products', products.length, { min: 1, max: PRODUCTS_MAX });
  },
};
