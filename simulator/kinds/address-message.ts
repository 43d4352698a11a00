// `interactive` / `address_message`: asks for a postal address; India only.
import { part } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, array, object, oneOf, required, string } from './shape.ts';

export const addressMessage: Kind = {
  shape: interactiveShape({
    headers: ['text', 'image', 'video', 'document'],
    action: object({
      name: required(oneOf('address_message')),
      parameters: required(
        object({
          country: required(string(2)),
          values: anyObject,
          saved_addresses: array(object({ id: required(string()), value: required(anyObject) })),
          validation_errors: anyObject,
        }),
      ),
    }),
  }),
  check(body) {
    const country = part(checkParts(body), 'parameters')['country'];
    if (country !== 'IN') throw refusal(131009, 'Address messages are only supported for country IN');
  },
};
