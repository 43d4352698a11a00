// One product of a catalogue.
import { Type } from 'typebox';
import { body, footer, interactive } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

export const interactiveProduct = defineKind({
  type: 'interactive',
  schema: interactive('product', {
    body: Type.Optional(body),
    footer: Type.Optional(footer),
    action: exactly({
      catalog_id: characters(1, Infinity, 'The catalogue.'),
      product_retailer_id: characters(1, Infinity, 'The product’s id in the catalogue.'),
    }),
  }),
  preview: (content) => content.body?.text ?? `Product ${content.action.product_retailer_id}`,
  example: {
    type: 'product',
    body: { text: 'The teapot you asked about' },
    footer: { text: 'While stocks last' },
    action: { catalog_id: '194836987003835', product_retailer_id: 'teapot-2' },
  },
});
