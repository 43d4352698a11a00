// What the interactive kinds share: header, body, footer, and limits told in the words of code 131009.
import { part, word } from '../json-parts.ts';
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts';
import { refusal } from '../graph/graph-error.ts';
import { media, object, oneOf, required, length, string, type MediaType, type Shape } from './shape.ts';

const HEADER_TEXT_MAX = 60;
const FOOTER_TEXT_MAX = 60;
const BODY_TEXT_MAX = 1024;

type HeaderType = 'text' | Exclude<MediaType, 'audio' | 'sticker'>;

interface Parts {
  action: Shape;
  /** Kinds without a header name none. */
  headers?: readonly HeaderType[];
  bodyOptional?: boolean;
  footer?: boolean;
}

/** The shape of one interactive kind. */
export function interactiveShape({
  action,
  headers = [],
  bodyOptional = false,
  footer = true,
}: Parts): Shape {
  const bodyText = object({ text: required(string()) });
  return object({
    type: required(string()),
    ...(headers.length > 0 ? { header: headerShape(headers) } : {}),
    body: bodyOptional ? bodyText : required(bodyText),
    ...(footer ? { footer: object({ text: required(string()) }) } : {}),
    action: required(action),
  });
}

/** Lengths of header, body and footer, and that a header holds what its type says. */
export function checkParts(body: JsonObject, { bodyMax = BODY_TEXT_MAX } = {}): JsonObject {
  const interactive = part(body, 'interactive');
  const header = interactive['header'];
  if (isObject(header)) checkHeader(header);
  if (interactive['body'] !== undefined)
    checkLength('Body text', textOf(interactive, 'body'), { min: 1, max: bodyMax });
  if (interactive['footer'] !== undefined)
    checkLength('Footer text', textOf(interactive, 'footer'), { min: 1, max: FOOTER_TEXT_MAX });
  return part(interactive, 'action');
}

/** `Button title length invalid. Min length: 1, Max length: 20`. */
export function checkLength(what: string, text: Json | undefined, { min = 0, max = Infinity }): void {
  const found = typeof text === 'string' ? length(text) : 0;
  if (found < min || found > max) {
    throw refusal(131009, `${what} length invalid. Min length: ${min}, Max length: ${max}`);
  }
}

/** `Row title is too long. Max length is 24`. */
export function checkLongest(what: string, text: Json | undefined, max: number): void {
  if (typeof text === 'string' && length(text) > max)
    throw refusal(131009, `${what} is too long. Max length is ${max}`);
}

/** `Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3`. */
export function checkCount(what: string, found: number, { min, max }: { min: number; max: number }): void {
  if (found < min || found > max) {
    throw refusal(131009, `Invalid ${what} count. Min allowed ${what}: ${min}, Max allowed ${what}: ${max}`);
  }
}

export function checkUnique(what: string, values: readonly (Json | undefined)[]): void {
  const seen = new Set<Json | undefined>();
  for (const value of values) {
    if (seen.has(value)) throw refusal(131009, `Duplicated ${what}: ${word(value)}`);
    seen.add(value);
  }
}

function headerShape(types: readonly HeaderType[]): Shape {
  return object({
    type: required(oneOf(...types)),
    text: string(),
    sub_text: string(),
    image: media('image'),
    video: media('video'),
    document: media('document', { filename: string(240) }),
  });
}

function checkHeader(header: JsonObject): void {
  const type = word(header['type']).toLowerCase();
  if (header[type] === undefined) {
    throw refusal(
      131009,
      `${type.charAt(0).toUpperCase()}${type.slice(1)} cannot be null for header type ${type}`,
    );
  }
  if (type === 'text') checkLength('Header text', header['text'], { min: 1, max: HEADER_TEXT_MAX });
}

function textOf(interactive: JsonObject, key: string): Json | undefined {
  return part(interactive, key)['text'];
}
