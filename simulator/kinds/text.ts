// `text`: 1 to 4096 characters.
import type { Kind } from './kind.ts';
import { boolean, object, required, string } from './shape.ts';

export const text: Kind = {
  shape: object({ body: required(string(4096, 1)), preview_url: boolean }),
};
