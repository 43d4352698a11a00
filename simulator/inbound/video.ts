// A customer's video.
import { Type } from 'typebox';
import { kept, mediumFields, type Sample } from './medium.ts';
import { pick, strict, variant } from './variant.ts';

const Video = Type.Object(
  {
    type: Type.Literal('video'),
    video: Type.Optional(Type.Object({ caption: Type.Optional(Type.String()), ...mediumFields }, strict)),
  },
  strict,
);

const SAMPLE: Sample = {
  mimeType: 'video/mp4',
  filename: 'video.mp4',
  base64: 'AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t',
};

export const video = variant(Video, ({ video: given = {} }, { keep }) => ({
  type: 'video',
  body: { video: { ...pick(given, ['caption']), ...kept(given, SAMPLE, keep) } },
}));
