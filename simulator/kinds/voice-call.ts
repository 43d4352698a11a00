// `interactive` / `voice_call`: a button that calls the business, for up to thirty days.
import { part } from '../json-parts.ts';
import type { Kind } from './kind.ts';
import { checkLongest, checkParts, interactiveShape } from './interactive-parts.ts';
import { integer, object, oneOf, required, string } from './shape.ts';

export const voiceCall: Kind = {
  shape: interactiveShape({
    action: object({
      name: required(oneOf('voice_call')),
      parameters: object({ display_text: string(), ttl_minutes: integer(1, 43_200), payload: string(512) }),
    }),
  }),
  check(body) {
    const parameters = part(checkParts(body), 'parameters');
    checkLongest('Button display_text', parameters['display_text'], 20);
  },
};
