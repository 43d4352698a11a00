// A place on the map. Meta takes coordinates as numbers and as strings.
import { Type } from 'typebox';
import { fault, type Fault } from './fault.ts';
import { characters, defineKind, exactly } from './kind.ts';

const DEGREES = {
  pattern: '^[+-]?\\d{1,3}(\\.\\d{1,20})?$',
  'x-expected': 'a number of degrees such as "-6.2088"',
};

function degrees(limit: number, description: string) {
  return Type.Union([Type.Number({ minimum: -limit, maximum: limit }), Type.String(DEGREES)], {
    description,
  });
}

export const locationObject = exactly({
  latitude: degrees(90, 'Degrees north of the equator, -90 to 90.'),
  longitude: degrees(180, 'Degrees east of Greenwich, -180 to 180.'),
  name: Type.Optional(characters(0, Infinity, 'What the place is called.')),
  address: Type.Optional(characters(0, Infinity, 'Its address.')),
});

export interface Place {
  latitude: number | string;
  longitude: number | string;
}

export function* placeFaults(place: Place, path: string): Iterable<Fault> {
  if (Math.abs(Number(place.latitude)) > 90) yield fault(`${path}.latitude`, 'must be from -90 to 90');
  if (Math.abs(Number(place.longitude)) > 180) yield fault(`${path}.longitude`, 'must be from -180 to 180');
}

export const location = defineKind({
  type: 'location',
  schema: locationObject,
  faults: (content) => placeFaults(content, 'location'),
  preview: (content) =>
    `Location: ${content.name ?? content.address ?? `${content.latitude}, ${content.longitude}`}`,
  example: {
    latitude: -6.2088,
    longitude: 106.8456,
    name: 'Pick-up point',
    address: 'Jalan Contoh 1, Jakarta',
  },
});
