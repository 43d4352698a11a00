// `location`: a place; numbers and their text forms are both taken.
import type { Kind } from './kind.ts';
import { number, object, required, string } from './shape.ts';

export const location: Kind = {
  shape: object({
    latitude: required(number(-90, 90)),
    longitude: required(number(-180, 180)),
    name: string(1000),
    address: string(1000),
  }),
};
