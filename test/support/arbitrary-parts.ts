// The parts that arbitrary messages are made of: texts of a given length, links, media, headers, places.
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/kernel/json.ts';

export type Content = fc.Arbitrary<Json>;

// Each unit is one code point: Latin, accents that combine, Arabic, Chinese, an emoji outside the basic plane, a line break.
const character = fc.constantFrom(
  'a',
  'Z',
  '7',
  ' ',
  '*',
  '"',
  '\\',
  '/',
  '<',
  'é',
  '\u0301',
  'ع',
  '中',
  '😀',
  '\u200d',
  '\n',
);

/** Texts of `min` to `max` code points, often exactly at a limit. */
export function texts(min: number, max: number): fc.Arbitrary<string> {
  const edges = [min, max].filter((length) => length > 0);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.string({ unit: character, minLength: min, maxLength: Math.min(max, min + 20) }),
    },
    { weight: 1, arbitrary: fc.constantFrom(...edges).map((length) => '😀'.repeat(length)) },
    { weight: 1, arbitrary: fc.constantFrom(...edges).map((length) => 'x'.repeat(length)) },
  );
}

export const links = fc
  .tuple(fc.constantFrom('cdn.example.com', 'shop.example.com:8443', 'münchen.example'), fc.webPath())
  .map(([host, path]) => `https://${host}/f${encodeURI(path)}`);
export const ids = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);
export const indexes = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }).map(String));

/** An object of the given fields; those in `optional` are often absent. */
export function shaped(
  required: Record<string, Content>,
  optional: Record<string, Content> = {},
): fc.Arbitrary<JsonObject> {
  return fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) });
}

export function media(optional: Record<string, Content> = {}): fc.Arbitrary<JsonObject> {
  return fc.oneof(shaped({ id: ids }, optional), shaped({ link: links }, optional));
}

export function listOf(items: Content, minLength: number, maxLength: number): fc.Arbitrary<Json[]> {
  return fc.array(items, { minLength, maxLength, size: 'max' });
}

/** As `listOf`, with a field in which no two items are equal. */
export function distinct(
  items: fc.Arbitrary<JsonObject>,
  by: (item: JsonObject) => unknown,
  [minLength, maxLength]: [number, number],
) {
  return fc.uniqueArray(items, { minLength, maxLength, selector: by, size: 'max' });
}

export const caption = texts(0, 1024);
export const documents = media({ filename: texts(1, 60) });
export const body = shaped({ text: texts(1, 1024) });
export const footer = shaped({ text: texts(1, 60) });
export const textHeader = shaped({ type: fc.constant('text'), text: texts(1, 60) });
export const imageHeader = shaped({ type: fc.constant('image'), image: media() });
export const videoHeader = shaped({ type: fc.constant('video'), video: media() });
export const headers = fc.oneof(
  textHeader,
  imageHeader,
  videoHeader,
  shaped({ type: fc.constant('document'), document: documents }),
);
export const places = shaped(
  {
    latitude: fc.oneof(
      fc.double({ min: -90, max: 90, noNaN: true }),
      fc.constantFrom('-6.2088', '90', '+0.5'),
    ),
    longitude: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom('106.8456', '-180')),
  },
  { name: texts(0, 60), address: texts(0, 60) },
);

export const freeText = texts(0, 60);
