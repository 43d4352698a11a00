// `document`: by upload or link, with a caption and the name shown.
import type { Kind } from './kind.ts';
import { media, string } from './shape.ts';

export const document: Kind = { shape: media('document', { caption: string(1024), filename: string(240) }) };
