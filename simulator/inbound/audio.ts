// A customer's audio; a voice message unless said otherwise.
import { Type } from 'typebox';
import { kept, mediumFields, type Sample } from './medium.ts';
import { strict, variant } from './variant.ts';

const Audio = Type.Object(
  {
    type: Type.Literal('audio'),
    audio: Type.Optional(Type.Object({ voice: Type.Optional(Type.Boolean()), ...mediumFields }, strict)),
  },
  strict,
);

const SAMPLE: Sample = {
  mimeType: 'audio/ogg; codecs=opus',
  filename: 'audio.ogg',
  base64: 'T2dnUwACAAAAAAAAAAA=',
};

export const audio = variant(Audio, ({ audio: given = {} }, { keep }) => ({
  type: 'audio',
  body: { audio: { ...kept(given, SAMPLE, keep), voice: given.voice ?? true } },
}));
