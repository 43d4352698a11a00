// `audio`: no caption; `voice` makes it a voice note.
import type { Kind } from './kind.ts';
import { boolean, media } from './shape.ts';

export const audio: Kind = { shape: media('audio', { voice: boolean }) };
