// The shape of a parameter, checked as the Graph checks it: the first fault found is told in the Graph's words, with the path
// as it writes paths (`template['components'][0]['type']`). On the way it gathers the media that the message names.
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts';
import { schemaFault } from '../graph/graph-error.ts';

export type MediaType = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** A medium that a message names, by upload or by link. */
export interface MediaUse {
  type: MediaType;
  path: string;
  id?: string;
  link?: string;
}

/** Faults are thrown; media are put into `media`. */
export type Shape = (value: Json, path: string, media: MediaUse[]) => void;

interface Field {
  shape: Shape;
  required: boolean;
}

/** Marks a field that must be there; any other may be absent. */
export function required(shape: Shape): Field {
  return { shape, required: true };
}

export function object(fields: { [key: string]: Shape | Field }): Shape {
  const known = new Map(
    Object.entries(fields).map(([key, field]) => [
      key,
      typeof field === 'function' ? { shape: field, required: false } : field,
    ]),
  );
  return (value, path, gathered) => {
    if (!isObject(value)) throw schemaFault(`Param ${path} must be a JSON object.`);
    for (const key of Object.keys(value)) {
      if (!known.has(key)) throw schemaFault(`Unexpected key "${key}" on param "${path}".`);
    }
    for (const [key, field] of known) {
      const inner = value[key];
      const innerPath = `${path}['${key}']`;
      if (inner !== undefined && inner !== null) field.shape(inner, innerPath, gathered);
      else if (field.required) throw schemaFault(`The parameter ${innerPath} is required.`);
    }
  };
}

/** Any object: what the Graph hands on unread. */
export const anyObject: Shape = (value, path) => {
  if (!isObject(value)) throw schemaFault(`Param ${path} must be a JSON object.`);
};

export function array(of: Shape, max = 1000): Shape {
  return (value, path, gathered) => {
    if (!Array.isArray(value)) throw schemaFault(`Param ${path} must be an array.`);
    if (value.length > max) throw schemaFault(`Param ${path} must have at most ${max} elements.`);
    for (const [i, item] of value.entries()) of(item, `${path}[${i}]`, gathered);
  };
}

export function string(max = 100_000, min = 0): Shape {
  return (value, path) => {
    if (typeof value !== 'string') throw schemaFault(`Param ${path} must be a string.`);
    if (value.length > max && length(value) > max)
      throw schemaFault(`Param ${path} must be at most ${max} characters long.`);
    // An empty value of a required parameter counts as absent.
    if (value.length < min)
      throw schemaFault(
        min === 1
          ? `The parameter ${path} is required.`
          : `Param ${path} must be at least ${min} characters long.`,
      );
  };
}

/** A string, or a number that the Graph writes as one. */
export const stringish: Shape = (value, path) => {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw schemaFault(`Param ${path} must be a string.`);
};

export const boolean: Shape = (value, path) => {
  if (typeof value !== 'boolean' && value !== 'true' && value !== 'false')
    throw schemaFault(`Param ${path} must be a boolean.`);
};

export function integer(min: number, max: number): Shape {
  return (value, path) => {
    const found = numberOf(value);
    if (found === null || !Number.isInteger(found)) throw schemaFault(`Param ${path} must be an integer.`);
    if (found < min) throw schemaFault(`Param ${path} must be greater than or equal to ${min}.`);
    if (found > max) throw schemaFault(`Param ${path} must be less than or equal to ${max}.`);
  };
}

/** A number, also written as a string. */
export function number(min: number, max: number): Shape {
  return (value, path) => {
    const found = numberOf(value);
    if (found === null) throw schemaFault(`Param ${path} must be a number.`);
    if (found < min) throw schemaFault(`Param ${path} must be greater than or equal to ${min}.`);
    if (found > max) throw schemaFault(`Param ${path} must be less than or equal to ${max}.`);
  };
}

export function oneOf(...values: string[]): Shape {
  return (value, path) => {
    if (typeof value === 'string' && values.includes(value.toLowerCase())) return;
    const got = typeof value === 'string' ? value : JSON.stringify(value);
    throw schemaFault(
      `Param ${path} must be one of {${values.map((one) => one.toUpperCase()).join(', ')}} - got "${got}".`,
    );
  };
}

/** A web address; Meta fetches or shows it later. */
export const uri: Shape = (value, path) => {
  if (typeof value !== 'string') throw schemaFault(`Param ${path} must be a string.`);
  if (!/^https?:\/\/[^\s/]/i.test(value) || !URL.canParse(value))
    throw schemaFault(`Param ${path} is not a valid URI.`);
};

/** A medium: exactly one of `id` and `link`, and what else its type may carry. */
export function media(type: MediaType, more: { [key: string]: Shape | Field } = {}): Shape {
  const shape = object({ id: stringish, link: uri, ...more });
  return (value, path, gathered) => {
    shape(value, path, gathered);
    if (!isObject(value)) return;
    const { id, link } = present(value);
    if ((id === undefined) === (link === undefined)) {
      throw schemaFault(`Param ${path} must have exactly one of the parameters {id, link}.`);
    }
    gathered.push({
      type,
      path,
      ...(id === undefined ? {} : { id }),
      ...(link === undefined ? {} : { link }),
    });
  };
}

/** Length as people count: code points. */
export function length(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function present(value: JsonObject): { id?: string; link?: string } {
  const id = value['id'];
  const link = value['link'];
  return {
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
    ...(typeof link === 'string' ? { link } : {}),
  };
}

function numberOf(value: Json): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : null;
}
