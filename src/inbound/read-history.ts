// History: what was written in the months before a number with WhatsApp's own app was connected, in threads; the media follow by themselves.
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { WrittenElsewhere } from '../messages/keep-elsewhere.ts';
import { objects, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { readElsewhere } from './read-elsewhere.ts';

/** The messages of a change, and whether there is anything else in it. */
export function readHistory(
  value: JsonObject,
  about: { number: BusinessNumber; now: number },
): { messages: WrittenElsewhere[]; isAll: boolean } {
  const chunks = objects(value['history']);
  const threads = chunks.flatMap((chunk) => objects(chunk['threads']));
  const told = [
    ...threads.flatMap((thread) =>
      objects(thread['messages']).map((message) => ({ message, customer: customerOf(thread) })),
    ),
    ...objects(value['messages']).map((message) => ({ message, customer: undefined })),
  ];
  const messages = told.flatMap(
    ({ message, customer }) => readElsewhere(message, { ...about, source: 'history', customer }) ?? [],
  );
  const hasErrors = chunks.some((chunk) => chunk['errors'] !== undefined);
  return { messages, isAll: !hasErrors && messages.length === told.length && told.length > 0 };
}

function customerOf(thread: JsonObject): string | undefined {
  const context = isObject(thread['context']) ? thread['context'] : {};
  return (text(context['wa_id']) ?? text(thread['id']) ?? text(context['user_id']))?.replace(/^\+/, '');
}
