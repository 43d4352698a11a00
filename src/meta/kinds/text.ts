// Plain text. Meta formats *bold*, _italic_, ~strike~ and `code`, and nothing else.
import { Type } from 'typebox';
import { characters, defineKind, exactly } from './kind.ts';

export const text = defineKind({
  type: 'text',
  schema: exactly({
    body: characters(1, 4096, 'The text.'),
    preview_url: Type.Optional(
      Type.Boolean({ description: 'Show a preview of the first address in the text.' }),
    ),
  }),
  preview: (content) => content.body,
  example: { body: 'Your parcel leaves today: https://shop.example.com/track/4711', preview_url: true },
});
