// `fields=a,b{c}`: the parts of a node that a caller asks for, in the order asked, with `id` always there.
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { schemaFault } from './graph-error.ts';

/** Each field of a node, worked out when it is asked for; undefined: known, but not set. */
export type Node = { [field: string]: () => Json | undefined };

export function pickFields(
  node: Node,
  query: URLSearchParams,
  { defaults, nodeType }: { defaults: readonly string[]; nodeType: string },
): JsonObject {
  const asked = query.get('fields');
  const names = asked === null || asked === '' ? [...defaults] : splitFields(asked);
  const out: JsonObject = {};
  for (const name of names) {
    if (!Object.hasOwn(node, name)) {
      throw schemaFault(`Tried accessing nonexisting field (${name}) on node type (${nodeType})`);
    }
    const value = node[name]?.();
    if (value !== undefined) out[name] = value;
  }
  const id = node['id']?.();
  if (id !== undefined && out['id'] === undefined) out['id'] = id;
  return out;
}

/** The outer names of a list that may nest: `id,events{a,b}` → id, events. */
export function splitFields(text: string): string[] {
  const names: string[] = [];
  let name = '';
  let depth = 0;
  for (const char of text) {
    if (char === '{' || char === '(') depth++;
    else if (char === '}' || char === ')') depth--;
    else if (char === ',' && depth === 0) {
      names.push(name.trim());
      name = '';
    } else if (depth === 0) name += char;
  }
  names.push(name.trim());
  return names.filter((one) => one !== '').map((one) => one.split('.')[0] ?? one);
}
