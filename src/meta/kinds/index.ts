// All kinds of messages that can be sent. To add one: its file, and a line here; what else needs a word about it then
// no longer compiles.
import { audio } from './audio.ts';
import { contacts } from './contacts.ts';
import { document } from './document.ts';
import { image } from './image.ts';
import { interactiveAddressMessage } from './interactive-address-message.ts';
import { interactiveButton } from './interactive-button.ts';
import { interactiveCallPermissionRequest } from './interactive-call-permission-request.ts';
import { interactiveCarousel } from './interactive-carousel.ts';
import { interactiveCatalogMessage } from './interactive-catalog-message.ts';
import { interactiveCtaUrl } from './interactive-cta-url.ts';
import { interactiveFlow } from './interactive-flow.ts';
import { interactiveList } from './interactive-list.ts';
import { interactiveLocationRequestMessage } from './interactive-location-request-message.ts';
import { interactiveOrderDetails } from './interactive-order-details.ts';
import { interactiveOrderStatus } from './interactive-order-status.ts';
import { interactiveProduct } from './interactive-product.ts';
import { interactiveProductList } from './interactive-product-list.ts';
import { interactiveRequestContactInfo } from './interactive-request-contact-info.ts';
import { interactiveVoiceCall } from './interactive-voice-call.ts';
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
  'interactive.cta_url': interactiveCtaUrl,
  'interactive.list': interactiveList,
  'interactive.button': interactiveButton,
  'interactive.carousel': interactiveCarousel,
  'interactive.flow': interactiveFlow,
  'interactive.product': interactiveProduct,
  'interactive.product_list': interactiveProductList,
  'interactive.catalog_message': interactiveCatalogMessage,
  'interactive.location_request_message': interactiveLocationRequestMessage,
  'interactive.address_message': interactiveAddressMessage,
  'interactive.request_contact_info': interactiveRequestContactInfo,
  'interactive.call_permission_request': interactiveCallPermissionRequest,
  'interactive.voice_call': interactiveVoiceCall,
  'interactive.order_details': interactiveOrderDetails,
  'interactive.order_status': interactiveOrderStatus,
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS).filter(isKindName);

export function isKindName(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}
