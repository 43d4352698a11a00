// Lists in pages: cursors are offsets in base64 with `ZD` for each `=`, and `next` and `previous` stand only where there is
// such a page. An empty list has no paging at all.
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import type { GraphCall } from './call.ts';
import { refusal } from './graph-error.ts';

const LIMIT_DEFAULT = 25;
const LIMIT_MAX = 1000;

export function pageOf<Item>(
  call: GraphCall,
  items: readonly Item[],
  render: (item: Item) => Json,
): JsonObject {
  const { query } = call;
  const limit = Math.min(
    LIMIT_MAX,
    Math.max(1, Number(query.get('limit') ?? LIMIT_DEFAULT) || LIMIT_DEFAULT),
  );
  const start = startOf(query, limit);
  const page = items.slice(start, start + limit);
  if (page.length === 0) return { data: [] };
  const before = cursor(start);
  const after = cursor(start + page.length - 1);
  const paging: JsonObject = { cursors: { before, after } };
  if (start + page.length < items.length) paging['next'] = link(call, { limit: String(limit), after });
  if (start > 0) paging['previous'] = link(call, { limit: String(limit), before });
  return { data: page.map(render), paging };
}

function startOf(query: URLSearchParams, limit: number): number {
  const after = query.get('after');
  const before = query.get('before');
  if (after !== null && after !== '') return offset(after) + 1;
  return before !== null && before !== '' ? Math.max(0, offset(before) - limit) : 0;
}

function cursor(at: number): string {
  return Buffer.from(String(at)).toString('base64').replaceAll('=', 'ZD');
}

function offset(text: string): number {
  const decoded = Buffer.from(text.replaceAll('ZD', '='), 'base64').toString('latin1');
  if (!/^\d{1,9}$/.test(decoded)) throw refusal(131059);
  return Number(decoded);
}

function link(call: GraphCall, change: { [name: string]: string }): string {
  const query = new URLSearchParams(call.query);
  for (const name of ['after', 'before', 'access_token']) query.delete(name);
  for (const [name, value] of Object.entries(change)) query.set(name, value);
  return `${call.origin}/${call.version}/${call.object}/${call.edge}?${query.toString()}`;
}
