// `interactive` / `call_permission_request`: asks whether the business may call.
import type { Kind } from './kind.ts';
import { checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required } from './shape.ts';

export const callPermissionRequest: Kind = {
  shape: interactiveShape({
    bodyOptional: true,
    action: object({ name: required(oneOf('call_permission_request')), parameters: anyObject }),
  }),
  check: (body) => void checkParts(body),
};
