// A sticker: WebP of 512 × 512 pixels, 100 kB at the most, 500 kB when it moves.
import { mediaFaults, mediaReference, mediaSource } from './media.ts';
import { defineKind, exactly } from './kind.ts';

export const sticker = defineKind({
  type: 'sticker',
  schema: exactly({ ...mediaSource }),
  faults: (content, fields) => mediaFaults(content, 'sticker', fields),
  mediaIn: (content) => [mediaReference('sticker', content, 'sticker')],
  preview: () => 'Sticker',
  example: { id: '1013859600285441' },
});
