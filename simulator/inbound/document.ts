// A customer's document, under its file name.
import { Type } from 'typebox';
import { kept, mediumFields, type Sample } from './medium.ts';
import { pick, strict, variant } from './variant.ts';

const Document = Type.Object(
  {
    type: Type.Literal('document'),
    document: Type.Optional(
      Type.Object(
        { caption: Type.Optional(Type.String()), filename: Type.Optional(Type.String()), ...mediumFields },
        strict,
      ),
    ),
  },
  strict,
);

const SAMPLE: Sample = {
  mimeType: 'application/pdf',
  filename: 'document.pdf',
  base64: 'JVBERi0xLjQKJSVFT0YK',
};

export const document = variant(Document, ({ document: given = {} }, { keep }) => {
  const filename = given.filename ?? SAMPLE.filename;
  return {
    type: 'document',
    body: {
      document: {
        ...pick(given, ['caption']),
        filename,
        ...kept(given, { ...SAMPLE, filename }, keep),
      },
    },
  };
});
