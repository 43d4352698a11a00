// `interactive` / `flow`: a form, named by id or name.
import { part, word } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { checkLength, checkParts, interactiveShape } from './interactive-parts.ts';
import { anyObject, object, oneOf, required, string, stringish } from './shape.ts';

export const flow: Kind = {
  shape: interactiveShape({
    headers: ['text', 'image', 'video', 'document'],
    action: object({
      name: required(oneOf('flow')),
      parameters: required(
        object({
          flow_message_version: required(stringish),
          flow_id: stringish,
          flow_name: string(),
          flow_cta: required(string()),
          mode: oneOf('published', 'draft'),
          flow_token: string(),
          flow_action: oneOf('navigate', 'data_exchange'),
          flow_action_payload: object({ screen: string(), data: anyObject }),
        }),
      ),
    }),
  }),
  check(body) {
    const parameters = part(checkParts(body), 'parameters');
    if (word(parameters['flow_message_version']) !== '3') {
      throw refusal(131009, 'flow_message_version is not valid. Allowed value: 3');
    }
    if ((parameters['flow_id'] === undefined) === (parameters['flow_name'] === undefined)) {
      throw refusal(131008, 'Exactly one of flow_id and flow_name is required');
    }
    checkLength('Flow CTA', parameters['flow_cta'], { min: 1, max: 30 });
    const navigates = (parameters['flow_action'] ?? 'navigate') === 'navigate';
    const payload = parameters['flow_action_payload'];
    if (navigates && payload !== undefined && !part(parameters, 'flow_action_payload')['screen']) {
      throw refusal(131008, 'flow_action_payload: screen is required when flow_action is navigate');
    }
  },
};
