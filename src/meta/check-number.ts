// Asking Meta about a number before it is connected: whether the token may use it, and whether it belongs to the WABA that was named.
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { GraphAnswer, MetaClient } from './client.ts';
import { objects, text } from './webhook-envelope.ts';

export type NumberFound =
  | { kind: 'found'; phone: string; displayPhoneNumber: string; verifiedName: string | null }
  | { kind: 'refused'; reason: string }
  | { kind: 'unreachable'; reason: string };

export function createNumberCheck(
  meta: MetaClient,
): (input: { phoneNumberId: string; wabaId: string; token: string }) => Promise<NumberFound> {
  return async ({ phoneNumberId, wabaId, token }) => {
    const fields = 'id,display_phone_number,verified_name';
    const own = await meta.call({
      method: 'GET',
      accessToken: token,
      path: `${phoneNumberId}?fields=${fields}`,
    });
    if (own.kind !== 'answered') return noAnswer(own);
    const listed = await meta.call({
      method: 'GET',
      accessToken: token,
      path: `${wabaId}/phone_numbers?fields=id&limit=100`,
    });
    if (listed.kind !== 'answered') return noAnswer(listed);
    // More than a page of numbers: then the first page is no proof that it is missing.
    const whole = !isObject(listed.body['paging']) || text(listed.body['paging']['next']) === undefined;
    const belongs = objects(listed.body['data']).some((number) => text(number['id']) === phoneNumberId);
    if (whole && !belongs)
      return {
        kind: 'refused',
        reason: `the WhatsApp Business account ${wabaId} has no number ${phoneNumberId}`,
      };
    return found(own.body);
  };
}

function found(number: JsonObject): NumberFound {
  const displayPhoneNumber = text(number['display_phone_number']);
  const phone = displayPhoneNumber?.replace(/\D/g, '');
  if (displayPhoneNumber === undefined || !phone)
    return { kind: 'refused', reason: 'Meta shows no phone number for it' };
  return { kind: 'found', phone, displayPhoneNumber, verifiedName: text(number['verified_name']) ?? null };
}

function noAnswer(answer: Exclude<GraphAnswer, { kind: 'answered' }>): NumberFound {
  if (answer.kind === 'failed') return { kind: 'unreachable', reason: answer.reason };
  return {
    kind: 'refused',
    reason: `${answer.error.details ?? answer.error.title} (Meta's code ${answer.error.code})`,
  };
}
