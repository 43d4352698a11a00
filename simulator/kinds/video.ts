// `video`: by upload or link, with a caption.
import type { Kind } from './kind.ts';
import { media, string } from './shape.ts';

export const video: Kind = { shape: media('video', { caption: string(1024) }) };
