// Says what is wrong with a value that a compiled schema has refused: the first fault in the order in which the value
// itself is written, then what is missing. It reads the few keywords of JSON Schema that our kinds use.
import { member } from '../../kernel/json.ts';
import { codePoints, fault, missing, type Fault } from './fault.ts';

/** The part of JSON Schema that the kinds are written in. */
export interface PlainSchema {
  type?: string;
  const?: unknown;
  anyOf?: PlainSchema[];
  not?: PlainSchema;
  properties?: Record<string, PlainSchema>;
  required?: string[];
  additionalProperties?: boolean | PlainSchema;
  items?: PlainSchema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minProperties?: number;
  pattern?: string;
  /** For a pattern: what it asks for, in words. */
  'x-expected'?: string;
}

/** The fields that tell the variants of a union of objects apart, in this order. */
const TAGS = ['type', 'sub_type'] as const;

/** Null where the schema accepts the value. */
export function firstFault(schema: PlainSchema, value: unknown, path: string): Fault | null {
  if (schema.anyOf) return unionFault(schema.anyOf, value, path);
  if ('const' in schema)
    return value === schema.const ? null : fault(path, `must be ${quoted(schema.const)}`);
  if (schema.type !== undefined && !hasType(value, schema.type)) {
    return fault(path, `must be ${article(schema.type)}, found ${article(typeOf(value))}`);
  }
  if (typeof value === 'string') return textFault(schema, value, path);
  if (typeof value === 'number') return numberFault(schema, value, path);
  if (Array.isArray(value)) return arrayFault(schema, value, path);
  if (typeof value === 'object' && value !== null) return objectFault(schema, value, path);
  return null;
}

function unionFault(variants: PlainSchema[], value: unknown, path: string): Fault | null {
  if (variants.every((one) => 'const' in one)) {
    if (variants.some((one) => one.const === value)) return null;
    return fault(path, `must be one of ${variants.map((one) => quoted(one.const)).join(', ')}`);
  }
  const ofItsType = variants.filter((one) => one.type === undefined || hasType(value, one.type));
  if (ofItsType.length === 0) {
    const types = [...new Set(variants.map((one) => article(one.type ?? 'value')))];
    return fault(path, `must be ${types.join(' or ')}, found ${article(typeOf(value))}`);
  }
  const [only, ...others] = ofItsType;
  if (only && others.length === 0) return firstFault(only, value, path);
  return taggedFault(ofItsType, value, path);
}

function taggedFault(variants: PlainSchema[], value: unknown, path: string): Fault | null {
  if (typeof value !== 'object' || value === null) return null;
  let left = variants.filter((one) => one.not === undefined);
  for (const tag of TAGS) {
    const given = new Map(Object.entries(value)).get(tag);
    const tagged = left.filter((one) => one.properties?.[tag]?.const !== undefined);
    if (tagged.length === 0) break;
    left = tagged.filter((one) => one.properties?.[tag]?.const === given);
    if (left.length > 0) continue;
    const open = variants.find((one) => one.not !== undefined);
    if (open && typeof given === 'string') return null;
    if (given === undefined) return missing(member(path, tag));
    const known = [...new Set(tagged.map((one) => quoted(one.properties?.[tag]?.const)))];
    return fault(member(path, tag), `must be one of ${known.join(', ')}`);
  }
  const [chosen] = left;
  return chosen ? firstFault(chosen, value, path) : null;
}

function textFault(schema: PlainSchema, text: string, path: string): Fault | null {
  const { minLength = 0, maxLength = Infinity } = schema;
  const length = codePoints(text);
  if (length < minLength && length === 0) return fault(path, 'must not be empty');
  if (length < minLength) return fault(path, `must have at least ${minLength} characters, found ${length}`);
  if (length > maxLength) return fault(path, `must have at most ${maxLength} characters, found ${length}`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(text)) {
    return fault(path, `must be ${schema['x-expected'] ?? 'of the expected form'}`);
  }
  return null;
}

function numberFault(schema: PlainSchema, number: number, path: string): Fault | null {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (number >= minimum && number <= maximum) return null;
  if (maximum === Infinity) return fault(path, `must be at least ${minimum}`);
  return fault(path, `must be from ${minimum} to ${maximum}`);
}

function arrayFault(schema: PlainSchema, items: readonly unknown[], path: string): Fault | null {
  const { minItems = 0, maxItems = Infinity } = schema;
  if (items.length < minItems)
    return fault(path, `must have at least ${counted(minItems)}, found ${items.length}`);
  if (items.length > maxItems)
    return fault(path, `must have at most ${counted(maxItems)}, found ${items.length}`);
  for (const [i, item] of items.entries()) {
    const found = firstFault(schema.items ?? {}, item, `${path}[${i}]`);
    if (found) return found;
  }
  return null;
}

function objectFault(schema: PlainSchema, value: object, path: string): Fault | null {
  const known = new Map(Object.entries(schema.properties ?? {}));
  for (const [key, item] of Object.entries(value)) {
    const own = known.get(key) ?? schema.additionalProperties ?? true;
    const at = member(path, key);
    if (own === false) return fault(at, 'is not a field that is known here');
    const found = own === true ? null : firstFault(own, item, at);
    if (found) return found;
  }
  const absent = schema.required?.find((key) => !Object.hasOwn(value, key));
  if (absent !== undefined) return missing(member(path, absent));
  const { minProperties = 0 } = schema;
  const count = Object.keys(value).length;
  return count < minProperties
    ? fault(
        path,
        `must have at least ${minProperties === 1 ? 'one field' : `${minProperties} fields`}, found ${count}`,
      )
    : null;
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeOf(value) === type;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function article(type: string): string {
  if (type === 'null') return 'null';
  if (type === 'integer') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function counted(count: number): string {
  return count === 1 ? '1 element' : `${count} elements`;
}

function quoted(value: unknown): string {
  return JSON.stringify(value);
}
