// A customer's sticker.
import { Type } from 'typebox';
import { kept, mediumFields, type Sample } from './medium.ts';
import { strict, variant } from './variant.ts';

const Sticker = Type.Object(
  {
    type: Type.Literal('sticker'),
    sticker: Type.Optional(Type.Object({ animated: Type.Optional(Type.Boolean()), ...mediumFields }, strict)),
  },
  strict,
);

const SAMPLE: Sample = {
  mimeType: 'image/webp',
  filename: 'sticker.webp',
  base64: 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=',
};

export const sticker = variant(Sticker, ({ sticker: given = {} }, { keep }) => ({
  type: 'sticker',
  body: { sticker: { ...kept(given, SAMPLE, keep), animated: given.animated ?? false } },
}));
