// Every variant of a customer's message, by the name it is asked for. To add one: a file, and an entry here.
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { checked } from '../checked.ts';
import { ControlRefusal } from '../control-refusal.ts';
import { audio } from './audio.ts';
import { brokenInteractive } from './broken-interactive.ts';
import { button } from './button.ts';
import { buttonReply } from './button-reply.ts';
import { callPermissionReply } from './call-permission-reply.ts';
import { contacts } from './contacts.ts';
import { document } from './document.ts';
import { edit } from './edit.ts';
import { Frame } from './frame.ts';
import { image } from './image.ts';
import { listReply } from './list-reply.ts';
import { location } from './location.ts';
import { nfmReply } from './nfm-reply.ts';
import { order } from './order.ts';
import { reaction } from './reaction.ts';
import { requestWelcome } from './request-welcome.ts';
import { revoke } from './revoke.ts';
import { sticker } from './sticker.ts';
import { system } from './system.ts';
import { text } from './text.ts';
import { unsupported } from './unsupported.ts';
import { video } from './video.ts';
import type { Variant } from './variant.ts';

const VARIANTS: ReadonlyMap<string, Variant> = new Map(
  Object.entries({
    text,
    image,
    video,
    audio,
    document,
    sticker,
    location,
    contacts,
    reaction,
    button,
    button_reply: buttonReply,
    list_reply: listReply,
    nfm_reply: nfmReply,
    call_permission_reply: callPermissionReply,
    order,
    system,
    request_welcome: requestWelcome,
    edit,
    revoke,
    unsupported,
    broken_interactive: brokenInteractive,
  }),
);

/** What a customer is asked to send: its `type`, a part under that name, and what stands around it (frame.ts). */
export interface Asked extends JsonObject {
  type: string;
}

export interface Found {
  variant: Variant;
  /** What the variant itself is asked for. */
  own: JsonObject;
  frame: Frame;
}

/** The variant that is asked for. */
export function variantOf(asked: Asked): Found {
  const { context, referral, group, errors, ...own } = unwrapped(asked);
  const around = Object.entries({ context, referral, group, errors }).filter(([, one]) => one !== undefined);
  const frame = checked(Frame, Object.fromEntries(around));
  const variant = VARIANTS.get(own.type);
  if (variant) return { variant, own, frame };
  const known = [...VARIANTS.keys()];
  throw new ControlRefusal(
    'invalid_request',
    `A customer cannot send "${own.type}"; there are: ${known.join(', ')}.`,
    {
      param: 'type',
      known,
    },
  );
}

// `{"type":"interactive","interactive":{"type":"list_reply","list_reply":{…}}}`, as Meta writes it, is a `list_reply`.
function unwrapped(asked: Asked): Asked {
  const { interactive, ...rest } = asked;
  if (asked.type !== 'interactive' || !isObject(interactive) || typeof interactive['type'] !== 'string')
    return asked;
  return { ...rest, ...interactive, type: interactive['type'] };
}
