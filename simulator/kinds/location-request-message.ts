// `interactive` / `location_request_message`: asks where the customer is.
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required } from './shape.ts';

export const locationRequestMessage: Kind = {
  shape: interactiveShape({
    action: object({ name: required(oneOf('send_location')), parameters: anyObject }),
  }),
  check: (body) => void checkParts(body),
};
