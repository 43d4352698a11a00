// `sticker`: WebP, nothing else.
import type { Kind } from './kind.ts';
import { media } from './shape.ts';

export const sticker: Kind = { shape: media('sticker') };
