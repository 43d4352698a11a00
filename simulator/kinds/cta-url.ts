// `interactive` / `cta_url`: one button that opens a web page.
import { part } from '../json-parts.ts';
import type { Kind } from './kind.ts';
import { checkLength, checkParts, interactiveShape } from './interactive-parts.ts';
import { object, oneOf, required, string, uri } from './shape.ts';

export const ctaUrlAction = object({
  name: required(oneOf('cta_url')),
  parameters: required(object({ display_text: required(string()), url: required(uri) })),
});

export const ctaUrl: Kind = {
  shape: interactiveShape({ headers: ['text', 'image', 'video', 'document'], action: ctaUrlAction }),
  check(body) {
    const action = checkParts(body);
    checkLength('Button display_text', part(action, 'parameters')['display_text'], { min: 1, max: 20 });
  },
};
