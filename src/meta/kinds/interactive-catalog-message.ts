// A button that opens the whole catalogue, with one product as its picture.
import { Type } from 'typebox';
import { body, footer, interactive } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

export const interactiveCatalogMessage = defineKind({
  type: 'interactive',
  schema: interactive('catalog_message', {
    body,
    footer: Type.Optional(footer),
    action: exactly({
      name: Type.Literal('catalog_message'),
      parameters: Type.Optional(
        exactly({
          thumbnail_product_retailer_id: Type.Optional(characters(1, Infinity, 'The product that is shown.')),
        }),
      ),
    }),
  }),
  preview: (content) => content.body.text,
  example: {
    type: 'catalog_message',
    body: { text: 'Have a look at all that we have.' },
    footer: { text: 'New every week' },
    action: { name: 'catalog_message', parameters: { thumbnail_product_retailer_id: 'teapot-2' } },
  },
});
