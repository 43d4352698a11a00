// A customer's image.
import { Type } from 'typebox';
import { kept, mediumFields, type Sample } from './medium.ts';
import { pick, strict, variant } from './variant.ts';

const Image = Type.Object(
  {
    type: Type.Literal('image'),
    image: Type.Optional(Type.Object({ caption: Type.Optional(Type.String()), ...mediumFields }, strict)),
  },
  strict,
);

const SAMPLE: Sample = {
  mimeType: 'image/png',
  filename: 'image.png',
  base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
};

export const image = variant(Image, ({ image: given = {} }, { keep }) => ({
  type: 'image',
  body: { image: { ...pick(given, ['caption']), ...kept(given, SAMPLE, keep) } },
}));
