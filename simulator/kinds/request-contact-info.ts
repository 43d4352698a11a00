// `interactive` / `request_contact_info`: asks a customer with a username for the phone number.
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { object, oneOf, required } from './shape.ts';

export const requestContactInfo: Kind = {
  shape: interactiveShape({ action: object({ name: required(oneOf('request_contact_info')) }) }),
  check: (body) => void checkParts(body),
};
