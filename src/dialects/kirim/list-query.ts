// What all lists of the kirim dialect have in common: parameters that are known, a limit, and the envelope of a page.
import { KurirError } from '../../kernel/errors.ts';
import { isId } from '../../kernel/ids.ts';
import type { Answer, Call } from '../dialect.ts';

/** Throws `invalid_field_value` for a parameter that the list does not have; `limit` and `cursor` each list has. */
export function requireKnownParameters(call: Call, parameters: readonly string[]): void {
  const known = [...parameters, 'limit', 'cursor'];
  const unknown = Object.keys(call.query).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw refused(unknown, `${unknown} is not a parameter here. There are: ${known.join(', ')}.`);
}

export function limitOf(call: Call): number {
  const text = call.query['limit'] ?? '25';
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 100)
    throw new KurirError('invalid_limit', 'limit must be a whole number from 1 to 100.', { param: 'limit' });
  return limit;
}

/** One of a few words; throws `invalid_field_value` for any other. */
export function oneOf<Word extends string>(
  call: Call,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const given = call.query[name];
  const word = words.find((one) => one === given);
  if (given !== undefined && word === undefined)
    throw refused(name, `${name} must be one of ${words.join(', ')}.`);
  return word;
}

export function instantOf(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : new Date(Number.NaN);
  if (Number.isNaN(at.getTime()))
    throw refused(name, `${name} must be an ISO 8601 instant, such as 2026-05-24T08:00:00Z.`);
  return at;
}

export function labelOf(call: Call): string | undefined {
  const { label_id: labelId } = call.query;
  if (labelId !== undefined && !isId('lbl', labelId))
    throw refused('label_id', 'label_id must be the id of a label: lbl_ and 26 characters.');
  return labelId;
}

export function pageAnswer(call: Call, data: readonly object[], nextCursor: string | null): Answer {
  const page = { data, has_more: nextCursor !== null, next_cursor: nextCursor };
  return { status: 200, body: { ...page, request_id: call.requestId } };
}

export function refused(param: string, message: string): KurirError {
  return new KurirError('invalid_field_value', message, { param });
}
