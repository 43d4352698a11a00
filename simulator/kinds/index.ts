// Every kind of message the simulator takes. To add one: a file here, and a line in one of the two lists.
import { addressMessage } from './address-message.ts';
import { audio } from './audio.ts';
import { button } from './button.ts';
import { callPermissionRequest } from './call-permission-request.ts';
import { carousel } from './carousel.ts';
import { catalogMessage } from './catalog-message.ts';
import { contacts } from './contacts.ts';
import { ctaUrl } from './cta-url.ts';
import { document } from './document.ts';
import { flow } from './flow.ts';
import { image } from './image.ts';
import type { Kind } from './kind.ts';
import { list } from './list.ts';
import { locationRequestMessage } from './location-request-message.ts';
import { location } from './location.ts';
import { orderDetails } from './order-details.ts';
import { orderStatus } from './order-status.ts';
import { productList } from './product-list.ts';
import { product } from './product.ts';
import { reaction } from './reaction.ts';
import { requestContactInfo } from './request-contact-info.ts';
import { sticker } from './sticker.ts';
import { template } from './template.ts';
import { text } from './text.ts';
import { video } from './video.ts';
import { voiceCall } from './voice-call.ts';

/** By the message's `type`. */
const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
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
  }),
);

/** By `interactive.type`. */
const INTERACTIVE_KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    cta_url: ctaUrl,
    list,
    button,
    carousel,
    flow,
    product,
    product_list: productList,
    catalog_message: catalogMessage,
    location_request_message: locationRequestMessage,
    address_message: addressMessage,
    request_contact_info: requestContactInfo,
    call_permission_request: callPermissionRequest,
    voice_call: voiceCall,
    order_details: orderDetails,
    order_status: orderStatus,
  }),
);

/** The kind of a type; of interactive messages, of their own type. */
export function findKind(type: string, kind: string): Kind | undefined {
  return type === 'interactive' ? INTERACTIVE_KINDS.get(kind) : KINDS.get(type);
}

/** The types there are, as the Graph lists them. */
export function knownTypes(type: string): string[] {
  const names = type === 'interactive' ? [...INTERACTIVE_KINDS.keys()] : [...KINDS.keys(), 'interactive'];
  return names.map((name) => name.toUpperCase());
}
