// Every variant of a customer's message, by the name it is asked for. To add one: an entry here, and a file if it has weight.
import type { JsonObject } from '../../src/kernel/json.ts';
import { ControlRefusal } from '../control-refusal.ts';
import { button } from './button.ts';
import { contacts } from './contacts.ts';
import { interactiveReply } from './interactive-reply.ts';
import { location } from './location.ts';
import { media } from './media.ts';
import { reaction } from './reaction.ts';
import { text } from './text.ts';
import type { KeepMedia, Variant, Written } from './variant.ts';

const VARIANTS: ReadonlyMap<string, Variant> = new Map(
  Object.entries({
    text,
    image: media('image'),
    video: media('video'),
    audio: media('audio'),
    document: media('document'),
    sticker: media('sticker'),
    location,
    contacts,
    reaction,
    button,
    button_reply: interactiveReply('button_reply'),
    list_reply: interactiveReply('list_reply'),
  }),
);

/** What a customer is asked to send: its `type`, and a part under that name. */
export interface Asked extends JsonObject {
  type: string;
}

/** The webhook's part for what a customer sends. */
export function writtenBy(asked: Asked, keep: KeepMedia): Written {
  const variant = VARIANTS.get(asked.type);
  if (variant) return variant(asked, keep);
  const known = [...VARIANTS.keys()];
  throw new ControlRefusal(
    'invalid_request',
    `A customer cannot send "${asked.type}"; there are: ${known.join(', ')}.`,
    {
      param: 'type',
      known,
    },
  );
}
