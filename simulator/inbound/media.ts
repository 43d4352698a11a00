// A customer's image, video, audio, document or sticker: `{ "image": { "caption": "…", "data": "<base64>" } }`. Without
// `data` a small sample of the type is sent.
import type { JsonObject } from '../../src/kernel/json.ts';
import { ControlRefusal } from '../control-refusal.ts';
import { partOf, pick, type Variant } from './variant.ts';

interface MediaVariant {
  mimeType: string;
  filename: string;
  sample: string;
  /** What stands before and after the medium's own fields. */
  before: readonly string[];
  after: { [key: string]: boolean };
}

const PIXEL_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SMALL_WEBP = 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=';

const SORTS: { readonly [type: string]: MediaVariant } = {
  image: { mimeType: 'image/png', filename: 'image.png', sample: PIXEL_PNG, before: ['caption'], after: {} },
  video: {
    mimeType: 'video/mp4',
    filename: 'video.mp4',
    sample: 'AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t',
    before: ['caption'],
    after: {},
  },
  audio: {
    mimeType: 'audio/ogg; codecs=opus',
    filename: 'audio.ogg',
    sample: 'T2dnUwACAAAAAAAAAAA=',
    before: [],
    after: { voice: true },
  },
  document: {
    mimeType: 'application/pdf',
    filename: 'document.pdf',
    sample: 'JVBERi0xLjQKJSVFT0YK',
    before: ['caption', 'filename'],
    after: {},
  },
  sticker: {
    mimeType: 'image/webp',
    filename: 'sticker.webp',
    sample: SMALL_WEBP,
    before: [],
    after: { animated: false },
  },
};

const MIME_TYPE = /^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w.+-]+)*$/;

export function media(type: string): Variant {
  return (given, keep) => {
    const sort = SORTS[type];
    if (!sort) throw new ControlRefusal('invalid_request', `There is no medium of type ${type}.`);
    const part: JsonObject = {
      ...(type === 'document' ? { filename: sort.filename } : {}),
      ...partOf(given, type),
    };
    const mimeType = typeof part['mime_type'] === 'string' ? part['mime_type'] : sort.mimeType;
    if (!MIME_TYPE.test(mimeType)) {
      throw new ControlRefusal('invalid_request', `"${mimeType}" is no media type, such as image/png.`, {
        param: `${type}.mime_type`,
      });
    }
    const data = typeof part['data'] === 'string' ? part['data'] : sort.sample;
    const kept = keep({ mimeType, bytes: Buffer.from(data, 'base64'), filename: sort.filename });
    return {
      type,
      body: {
        [type]: {
          ...pick(part, sort.before),
          mime_type: mimeType,
          sha256: kept.sha256Base64,
          id: kept.id,
          url: kept.url,
          ...sort.after,
          ...pick(part, Object.keys(sort.after)),
        },
      },
    };
  };
}
