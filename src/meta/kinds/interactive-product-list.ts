// Up to thirty products of a catalogue, in sections. The header must be there, and can only be text.
import { Type } from 'typebox';
import { body, footer, interactive, textHeader } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';
import { productSection, productSectionFaults } from './products.ts';

export const interactiveProductList = defineKind({
  type: 'interactive',
  schema: interactive('product_list', {
    header: textHeader,
    body,
    footer: Type.Optional(footer),
    action: exactly({
      catalog_id: characters(1, Infinity, 'The catalogue.'),
      sections: Type.Array(productSection, { minItems: 1, maxItems: 10 }),
    }),
  }),
  faults: (content) => productSectionFaults(content.action.sections, 'interactive.action.sections'),
  preview: (content) => content.body.text,
  example: {
    type: 'product_list',
    header: { type: 'text', text: 'For your kitchen' },
    body: { text: 'What goes well with the teapot:' },
    footer: { text: 'Prices include tax' },
    action: {
      catalog_id: '194836987003835',
      sections: [
        {
          title: 'Tea',
          product_items: [{ product_retailer_id: 'teapot-2' }, { product_retailer_id: 'cups-6' }],
        },
        { title: 'Coffee', product_items: [{ product_retailer_id: 'mill-1' }] },
      ],
    },
  },
});
