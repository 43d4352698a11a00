// Products of a catalogue, in sections: shared by the product list and by templates with several products.
import { Type } from 'typebox';
import { fault, missing, type Fault } from './fault.ts';
import { characters, exactly } from './kind.ts';

const PRODUCTS_MAX = 30;

export const productSection = exactly({
  title: Type.Optional(characters(1, 24, 'Required when there is more than one section.')),
  product_items: Type.Array(
    exactly({ product_retailer_id: characters(1, Infinity, 'The product’s id in the catalogue.') }),
    {
      minItems: 1,
      maxItems: PRODUCTS_MAX,
    },
  ),
});

export interface ProductSection {
  title?: string;
  product_items: { product_retailer_id: string }[];
}

export function* productSectionFaults(sections: readonly ProductSection[], path: string): Iterable<Fault> {
  let products = 0;
  for (const [i, section] of sections.entries()) {
    if (section.title === undefined && sections.length > 1) {
      yield missing(`${path}[${i}].title`, 'is required when there is more than one section');
    }
    products += section.product_items.length;
  }
  if (products > PRODUCTS_MAX)
    yield fault(path, `must have at most ${PRODUCTS_MAX} products in all sections, found ${products}`);
}
