// Parts of interactive messages that several tests send.
import type { JsonObject } from '../../src/kernel/json.ts';

export const link = 'https://cdn.example.com/a';
export const body = { text: 'Pick' };

export function interactive(type: string, rest: JsonObject): JsonObject {
  return { type: 'interactive', interactive: { type, body, ...rest } };
}

export function reply(id: string, title: string): JsonObject {
  return { type: 'reply', reply: { id, title } };
}

export function rows(count: number): JsonObject[] {
  return Array.from({ length: count }, (_, i) => ({ id: `r${i}`, title: `Row ${i}` }));
}

export const card = (index: number, more: JsonObject = {}): JsonObject => ({
  card_index: index,
  type: 'cta_url',
  header: { type: 'image', image: { link } },
  body: { text: 'A card' },
  action: { name: 'cta_url', parameters: { display_text: 'View', url: link } },
  ...more,
});

export const flow = { flow_message_version: '3', flow_id: '1', flow_cta: 'Go', flow_token: 't' };
export const name = { formatted_name: 'John Doe', first_name: 'John' };
