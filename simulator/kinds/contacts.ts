// `contacts`: up to 257 cards, each with a formatted name and at least one part of it.
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { array, object, required, string } from './shape.ts';

const NAME_PARTS = ['first_name', 'last_name', 'middle_name', 'suffix', 'prefix'];

const card = object({
  name: required(
    object({
      formatted_name: required(string(1000, 1)),
      first_name: string(),
      last_name: string(),
      middle_name: string(),
      suffix: string(),
      prefix: string(),
    }),
  ),
  phones: array(object({ phone: string(), type: string(), wa_id: string() })),
  emails: array(object({ email: string(), type: string() })),
  addresses: array(
    object({
      street: string(),
      city: string(),
      state: string(),
      zip: string(),
      country: string(),
      country_code: string(),
      type: string(),
    }),
  ),
  urls: array(object({ url: string(), type: string() })),
  org: object({ company: string(), department: string(), title: string() }),
  birthday: string(10),
});

/** The whole array stands in the body under `contacts`. */
export const contacts: Kind = {
  shape: array(card, 257),
  check(body) {
    const cards = Array.isArray(body['contacts']) ? body['contacts'].filter(isObject) : [];
    if (cards.length === 0) throw refusal(131008, 'contacts: At least one contact is required');
    for (const [i, one] of cards.entries()) checkCard(one, i);
  },
};

function checkCard(one: JsonObject, index: number): void {
  const name = isObject(one['name']) ? one['name'] : {};
  if (!NAME_PARTS.some((part) => typeof name[part] === 'string' && name[part] !== '')) {
    throw refusal(
      131008,
      `contacts[${index}].name: At least one of ${NAME_PARTS.join(', ')} is required besides formatted_name`,
    );
  }
  const birthday = one['birthday'];
  if (typeof birthday === 'string' && !/^\d{4}-\d{2}-\d{2}$/.test(birthday)) {
    throw refusal(131009, `contacts[${index}].birthday: must be written as YYYY-MM-DD`);
  }
}
