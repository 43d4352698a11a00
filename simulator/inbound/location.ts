// A customer's place; a dropped pin has only the two numbers.
import { Type } from 'typebox';
import { pick, strict, variant } from './variant.ts';

const Location = Type.Object(
  {
    type: Type.Literal('location'),
    location: Type.Object(
      {
        latitude: Type.Number({ minimum: -90, maximum: 90 }),
        longitude: Type.Number({ minimum: -180, maximum: 180 }),
        name: Type.Optional(Type.String()),
        address: Type.Optional(Type.String()),
        url: Type.Optional(Type.String()),
      },
      strict,
    ),
  },
  strict,
);

export const location = variant(Location, (asked) => ({
  type: 'location',
  body: { location: pick(asked.location, ['latitude', 'longitude', 'name', 'address', 'url']) },
}));
