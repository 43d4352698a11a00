// What subscribers hear of a contact.
import { toEventNumber, type ContactEvent } from '../events/event.ts';
import { newId, type OrganisationId } from '../kernel/ids.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Contact } from './conversation.ts';
import { contactResource } from './resources.ts';

export function contactEvent(
  contact: Contact,
  about: {
    organisationId: OrganisationId;
    number: BusinessNumber;
    now: number;
    type: ContactEvent['type'];
    acquisitionSource?: NonNullable<ContactEvent['acquisitionSource']>;
    changedFields?: string[];
  },
): ContactEvent {
  const { number, now, ...more } = about;
  return {
    id: newId('evt', now),
    at: now,
    number: toEventNumber(number),
    contactId: contact.id,
    conversation: contact.key,
    resource: contactResource(contact, number.phone),
    ...more,
  };
}
