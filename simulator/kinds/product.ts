// `interactive` / `product`: one product of a catalogue; body optional, no header.
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { object, required, string, stringish } from './shape.ts';

export const product: Kind = {
  shape: interactiveShape({
    bodyOptional: true,
    action: object({ catalog_id: required(stringish), product_retailer_id: required(string(1000, 1)) }),
  }),
  check: (body) => void checkParts(body),
};
