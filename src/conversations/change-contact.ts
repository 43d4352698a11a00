// Contacts as people make and change them; what WhatsApp tells of customers is none of this. Told in the same transaction.
import type { Context } from '../context.ts';
import type { ContactEvent } from '../events/event.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Teller } from '../events/teller.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { canonicalJson } from '../kernel/json.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Queryable } from '../storage/db.ts';
import {
  deleteContact,
  insertContact,
  lockFacts,
  selectContact,
  selectContactsByPhone,
  updateFacts,
  type ContactFacts,
} from './contact-store.ts';
import type { Contact } from './conversation.ts';
import { contactIdOf } from './ids.ts';
import { noContact, type FindContact } from './read-contacts.ts';
import { contactEvent } from './tell-contact.ts';

export type { ContactFacts } from './contact-store.ts';

export interface ChangeParts {
  teller: Teller;
  numbers: Pick<NumberDirectory, 'findNumber'>;
}

export interface NewContact extends ContactFacts {
  organisationId: OrganisationId;
  number: BusinessNumber;
  /** Digits. */
  phone: string;
}

/** Throws `invalid_field_value` where the number has a contact with this phone. */
export async function createContact(
  ctx: Context,
  { teller }: Pick<ChangeParts, 'teller'>,
  input: NewContact,
): Promise<Contact> {
  const { organisationId, number, phone } = input;
  const { phoneNumberId } = number;
  const id = contactIdOf(phoneNumberId, phone);
  const now = ctx.clock.now();
  return writeAndTell({ db: ctx.db, teller }, async (tx) => {
    const [known] = await selectContactsByPhone(tx, organisationId, { phoneNumberId, phone });
    if (known) throw taken(known.id);
    if (!(await insertContact(tx, organisationId, { ...input, id, phoneNumberId, now }))) throw taken(id);
    const made = await present(tx, { organisationId, id, phoneNumberId });
    const event = contactEvent(made, {
      organisationId,
      number,
      now,
      type: 'contact.created',
      acquisitionSource: 'api',
    });
    return { result: made, events: [event] };
  });
}

/** What is undefined stays; throws `resource_not_found`. */
export async function changeContact(
  ctx: Context,
  parts: ChangeParts,
  change: FindContact & { [Fact in keyof ContactFacts]: ContactFacts[Fact] | undefined },
): Promise<Contact> {
  const { organisationId, id } = change;
  return writeAndTell({ db: ctx.db, teller: parts.teller }, async (tx) => {
    const before = (await lockFacts(tx, organisationId, change)) ?? noContact(id);
    const facts = {
      name: change.name === undefined ? before.name : change.name,
      email: change.email === undefined ? before.email : change.email,
      metadata: change.metadata === undefined ? before.metadata : change.metadata,
    };
    const changedFields = fieldsThatDiffer(before, facts);
    if (changedFields.length === 0) return { result: await present(tx, change), events: [] };
    const now = ctx.clock.now();
    await updateFacts(tx, organisationId, { ...facts, id, now });
    const after = await present(tx, change);
    return {
      result: after,
      events: await eventsOfUpdate(parts, { change, contact: after, changedFields, now }),
    };
  });
}

/** The conversation with it stays, and the contact is there again when the customer writes. Throws `resource_not_found`. */
export async function removeContact(ctx: Context, find: FindContact): Promise<void> {
  if (!(await deleteContact(ctx.db, find.organisationId, find))) noContact(find.id);
}

async function eventsOfUpdate(
  { numbers }: ChangeParts,
  about: { change: FindContact; contact: Contact; changedFields: string[]; now: number },
): Promise<ContactEvent[]> {
  const { contact, changedFields, now } = about;
  const { organisationId } = about.change;
  const number = await numbers.findNumber(organisationId, contact.phoneNumberId);
  if (!number) return [];
  const type = 'contact.updated' as const;
  return [contactEvent(contact, { organisationId, number, now, type, changedFields })];
}

async function present(tx: Queryable, find: FindContact): Promise<Contact> {
  return (await selectContact(tx, find.organisationId, find)) ?? noContact(find.id);
}

function fieldsThatDiffer(before: ContactFacts, after: ContactFacts): string[] {
  return [
    ...(before.name === after.name ? [] : ['name']),
    ...(before.email === after.email ? [] : ['email']),
    ...(canonicalJson(before.metadata) === canonicalJson(after.metadata) ? [] : ['metadata']),
  ];
}

function taken(id: string): KurirError {
  return new KurirError(
    'invalid_field_value',
    `The number has a contact with this phone number already: change ${id} with PATCH.`,
    { param: 'phone_number' },
  );
}
