// `interactive` / `order_status`: what has become of an order (Brazil, India).
import { part, word } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required, string } from './shape.ts';

const STATUSES = ['pending', 'processing', 'partially_shipped', 'shipped', 'completed', 'canceled'];

export const orderStatus: Kind = {
  shape: interactiveShape({
    action: object({
      name: required(oneOf('review_order')),
      parameters: required(
        object({ reference_id: required(string()), order: required(anyObject), payment: anyObject }),
      ),
    }),
  }),
  check(body) {
    const status = part(part(checkParts(body), 'parameters'), 'order')['status'];
    if (!STATUSES.includes(word(status))) {
      throw refusal(131009, `order status is not valid. Allowed values: ${STATUSES.join(', ')}`);
    }
  },
};
