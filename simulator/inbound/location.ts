// A customer's place; a dropped pin has only the two numbers.
import { ControlRefusal } from '../control-refusal.ts';
import { partOf, pick, type Variant } from './variant.ts';

export const location: Variant = (given) => {
  const part = partOf(given, 'location');
  if (typeof part['latitude'] !== 'number' || typeof part['longitude'] !== 'number') {
    throw new ControlRefusal('invalid_request', 'location needs latitude and longitude as numbers.', {
      param: 'location',
    });
  }
  return {
    type: 'location',
    body: { location: pick(part, ['latitude', 'longitude', 'name', 'address', 'url']) },
  };
};
