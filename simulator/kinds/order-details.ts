// `interactive` / `order_details`: an order to review and pay (Brazil, India).
import { part, word } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required } from './shape.ts';

export const orderDetails: Kind = {
  shape: interactiveShape({
    headers: ['text', 'image', 'video', 'document'],
    action: object({ name: required(oneOf('review_and_pay')), parameters: required(anyObject) }),
  }),
  check(body) {
    const parameters = part(checkParts(body), 'parameters');
    for (const key of ['reference_id', 'type', 'currency', 'total_amount', 'order']) {
      if (parameters[key] === undefined)
        throw refusal(131008, `The parameter action['parameters']['${key}'] is required.`);
    }
    if (!/^[\w.-]{1,35}$/.test(word(parameters['reference_id']))) {
      throw refusal(
        131009,
        'reference_id is not valid. Max length is 35; letters, numbers, underscores, dashes and dots only',
      );
    }
  },
};
