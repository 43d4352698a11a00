// `image`: by upload or link, with a caption.
import type { Kind } from './kind.ts';
import { media, string } from './shape.ts';

export const image: Kind = { shape: media('image', { caption: string(1024) }) };
