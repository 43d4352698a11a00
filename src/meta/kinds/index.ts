// All kinds of messages that can be sent. To add one: its file, and a line here; what else needs a word about it then
// no longer compiles.
import { audio } from './audio.ts';
import { contacts } from './contacts.ts';
import { document } from './document.ts';
import { image } from './image.ts';
import type { Kind } from './kind.ts';
import { location } from './location.ts';
import { reaction } from './reaction.ts';
import { sticker } from './sticker.ts';
import { template } from './template.ts';
import { text } from './text.ts';
import { video } from './video.ts';

export const KINDS = {
  text,
  image,
  document,
  video,
  audio,
  sticker,
  location,
  contacts,
  reaction,
  template,
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS).filter(isKindName);

export function isKindName(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}
