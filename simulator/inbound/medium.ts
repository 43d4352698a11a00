// What media have in common: `{ "image": { "mime_type": "…", "data": "<base64>" } }`, or instead of the bytes their number: `"size":
// 5000000`; then they are made up, the same ones for a type, size and `seed`. Without either a small sample of the variant is sent.
import { Type, type Static } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { strict, type KeepMedia } from './variant.ts';

export const mediumFields = {
  mime_type: Type.Optional(Type.String({ pattern: '^[\\w.+-]+/[\\w.+-]+(?:; ?[\\w-]+=[\\w.+-]+)*$' })),
  data: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', description: 'The bytes, in base64.' }),
  ),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  seed: Type.Optional(Type.Integer({ minimum: 0 })),
};

const MediumAsked = Type.Object(mediumFields, strict);

/** What a customer's phone sends when nothing is said. */
export interface Sample {
  mimeType: string;
  filename: string;
  base64: string;
}

/** Keeps the medium; its fields as they stand in the webhook. */
export function kept(given: Static<typeof MediumAsked>, sample: Sample, keep: KeepMedia): JsonObject {
  const { mime_type = sample.mimeType, data = sample.base64, size, seed = 0 } = given;
  const { id, sha256Base64, url } = keep(
    { mimeType: mime_type, filename: sample.filename },
    size === undefined ? { bytes: Buffer.from(data, 'base64') } : { size, seed },
  );
  return { mime_type, sha256: sha256Base64, id, url };
}
