// What media have in common: `{ "image": { "mime_type": "…", "data": "<base64>" } }`. Without `data` a small sample of the
// variant is sent.
import { Type, type Static } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { strict, type KeepMedia } from './variant.ts';

export const mediumFields = {
  mime_type: Type.Optional(Type.String({ pattern: '^[\\w.+-]+/[\\w.+-]+(?:; ?[\\w-]+=[\\w.+-]+)*$' })),
  data: Type.Optional(Type.String({ description: 'The bytes, in base64.' })),
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
  const { mime_type = sample.mimeType, data = sample.base64 } = given;
  const bytes = Buffer.from(data, 'base64');
  const { id, sha256Base64, url } = keep({ mimeType: mime_type, bytes, filename: sample.filename });
  return { mime_type, sha256: sha256Base64, id, url };
}
