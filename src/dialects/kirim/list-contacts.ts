// GET /v1/{phone_number_id}/contacts and GET /v1/contacts: contacts by page, the newest first.
import { readContactPage } from '../../conversations/read-contacts.ts';
import { contactResource } from '../../conversations/resources.ts';
import { KurirError } from '../../kernel/errors.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import type { Call } from '../dialect.ts';
import { bothPaths } from './both-paths.ts';
import { labelOf, limitOf, pageAnswer, refused, requireKnownParameters } from './list-query.ts';

export const listContacts = bothPaths(
  { method: 'GET', path: '/contacts', summary: 'List contacts, or search them.' },
  async (call, phoneNumberId) => {
    requireKnownParameters(call, ['phone', 'search', 'label_id']);
    const { ctx, numbers } = call.rooms;
    const { organisationId } = call.caller;
    const { contacts, nextCursor } = await readContactPage(ctx, organisationId, {
      filter: { phoneNumberId, phone: phoneOf(call), search: searchOf(call), labelId: labelOf(call) },
      limit: limitOf(call),
      cursor: call.query['cursor'],
    });
    const phones = await Promise.all(
      contacts.map((contact) => numbers.findNumber(organisationId, contact.phoneNumberId)),
    );
    const data = contacts.map((contact, i) => contactResource(contact, phones[i]?.phone ?? ''));
    return pageAnswer(call, data, nextCursor);
  },
);

// A `+` that was not escaped in the address arrives as a space.
function phoneOf(call: Call): string | undefined {
  const { phone } = call.query;
  const digits = phone === undefined ? undefined : phoneDigits(phone);
  if (digits !== null) return digits;
  throw new KurirError(
    'invalid_phone_number',
    'phone must be a phone number in E.164 format, such as +628111222333.',
    { param: 'phone' },
  );
}

const SEARCH_CHARACTERS_MAX = 200;

function searchOf(call: Call): string | undefined {
  const { search } = call.query;
  if (search === undefined) return undefined;
  const text = search.trim();
  if (text === '' || text.length > SEARCH_CHARACTERS_MAX)
    throw refused('search', `search must have 1 to ${SEARCH_CHARACTERS_MAX} characters.`);
  // A phone number as people write it; contacts have digits.
  return /^\+?[\d\s().-]*\d[\d\s().-]*$/.test(text) ? text.replaceAll(/\D/g, '') : text;
}
