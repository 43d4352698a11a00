// The open form of a schema: the same rules for the fields that are known, and any field or variant beyond them. Made
// from the closed one, so that the two cannot drift apart.
import type { TSchema } from 'typebox';
import { isObject } from '../../kernel/json.ts';

/** On a union of tagged objects: Meta may know more variants than we do. */
export const MORE_VARIANTS = 'x-more-variants';

const TAGS = ['type', 'sub_type'];

export function openSchema(schema: TSchema): TSchema {
  return isObject(schema) ? openObject(schema) : schema;
}

function opened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(opened);
  return isObject(schema) ? openObject(schema) : schema;
}

function openObject(schema: object): Record<string, unknown> {
  const entries = Object.entries(schema).filter(
    ([key, value]) => !(key === 'additionalProperties' && value === false),
  );
  const copy = Object.fromEntries(entries.map(([key, value]) => [key, opened(value)]));
  if (copy[MORE_VARIANTS] === true && Array.isArray(copy['anyOf'])) {
    copy['anyOf'] = [...copy['anyOf'], anythingBut(copy['anyOf'])];
  }
  return copy;
}

// Any object with a `type` (and `sub_type`) that none of the variants has.
function anythingBut(variants: unknown[]): unknown {
  const known = variants.filter(isObject).map((variant) => {
    const properties = isObject(variant['properties']) ? variant['properties'] : {};
    const tags = TAGS.filter((tag) => isObject(properties[tag]) && 'const' in properties[tag]);
    return {
      type: 'object',
      required: tags,
      properties: Object.fromEntries(tags.map((tag) => [tag, properties[tag]])),
    };
  });
  return {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string' } },
    not: { anyOf: known },
  };
}
