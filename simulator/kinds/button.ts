// `interactive` / `button`: up to three reply buttons.
import { part, parts } from '../json-parts.ts';
import type { Kind } from './kind.ts';
import { checkCount, checkLength, checkParts, checkUnique, interactiveShape } from './interactive-parts.ts';
import { array, object, oneOf, required, string } from './shape.ts';

export const button: Kind = {
  shape: interactiveShape({
    headers: ['text', 'image', 'video', 'document'],
    action: object({
      buttons: required(
        array(
          object({
            type: required(oneOf('reply')),
            reply: required(object({ id: required(string()), title: required(string()) })),
          }),
        ),
      ),
    }),
  }),
  check(body) {
    const replies = parts(checkParts(body), 'buttons').map((one) => part(one, 'reply'));
    checkCount('buttons', replies.length, { min: 1, max: 3 });
    for (const reply of replies) {
      checkLength('Button title', reply['title'], { min: 1, max: 20 });
      checkLength('Button id', reply['id'], { min: 1, max: 256 });
    }
    checkUnique(
      'button id',
      replies.map((reply) => reply['id']),
    );
    checkUnique(
      'button title',
      replies.map((reply) => reply['title']),
    );
  },
};
