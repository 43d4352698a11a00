// What subscribers hear of conversations and contacts that messages brought about, or learned something of.
import type { Context } from '../context.ts';
import type { ContactEvent, ConversationEvent } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { selectContactsOfIds } from './contact-store.ts';
import { selectConversationsOfIds } from './conversation-store.ts';
import type { Contact } from './conversation.ts';
import { conversationEvent } from './tell-conversation.ts';
import { contactEvent } from './tell-contact.ts';

export interface Met {
  organisationId: OrganisationId;
  phoneNumberId: string;
  /** Of a conversation that begins. */
  newConversationId?: string | undefined;
  /** A conversation that was resolved, and the message by which the customer opened it again. */
  reopened?: { conversationId: string; by: string } | undefined;
  contact?:
    | { id: string; isNew: true; source: NonNullable<ContactEvent['acquisitionSource']> }
    /** Fields that are not as they were. */
    | { id: string; isNew: false; changed: readonly string[] }
    | undefined;
}

export interface MetParts {
  teller: Teller;
  numbers: Pick<NumberDirectory, 'numberAnywhere'>;
}

/** By what WhatsApp knows a customer, as the resource calls it. */
const IDENTITY: Record<string, string> = { phone: 'phone_number', user_id: 'user_id', username: 'username' };

/** Whether anybody wants to hear of whom an organisation meets. */
export function wantsMet(teller: Teller, organisationId: OrganisationId): boolean {
  const types = [
    'conversation.created',
    'conversation.reopened',
    'contact.created',
    'contact.updated',
    'contact.identity_updated',
  ] as const;
  return types.some((type) => teller.wants(organisationId, { type }));
}

/** The events of those that somebody wants to hear of, as conversations and contacts are in this transaction. */
export async function eventsOfMet(
  ctx: Context,
  { teller, numbers }: MetParts,
  { tx, met }: { tx: Queryable; met: readonly Met[] },
): Promise<(ContactEvent | ConversationEvent)[]> {
  const wanted = met.filter((one) => wantsMet(teller, one.organisationId));
  if (wanted.length === 0) return [];
  const talks = await selectConversationsOfIds(
    tx,
    wanted.flatMap((one) => {
      const id = talkOf(one);
      return id === undefined ? [] : [{ organisationId: one.organisationId, id }];
    }),
  );
  const people = await selectContactsOfIds(
    tx,
    wanted.flatMap(({ organisationId, contact }) => (contact ? [{ organisationId, id: contact.id }] : [])),
  );
  const now = ctx.clock.now();
  const wants = (event: ContactEvent | ConversationEvent): boolean =>
    teller.wants(event.organisationId, { type: event.type, phoneNumberId: event.number.phoneNumberId });
  return wanted
    .flatMap((one): (ContactEvent | ConversationEvent)[] => {
      const number = numbers.numberAnywhere(one.phoneNumberId);
      if (!number) return [];
      const talk = talks.get(talkOf(one) ?? '');
      const person = people.get(one.contact?.id ?? '');
      const { organisationId } = one;
      const about = { organisationId, number, now };
      const news = person && one.contact ? newsOf(person, one.contact) : [];
      return [
        ...news.flatMap((what) => (person ? [contactEvent(person, { ...about, ...what })] : [])),
        ...(talk ? [conversationEvent(talk, { ...about, ...beginningOf(one) })] : []),
      ];
    })
    .filter(wants);
}

function beginningOf({ reopened }: Met): Pick<ConversationEvent, 'type' | 'reopenedBy'> {
  return reopened
    ? { type: 'conversation.reopened', reopenedBy: reopened.by }
    : { type: 'conversation.created' };
}

function talkOf({ newConversationId, reopened }: Met): string | undefined {
  return newConversationId ?? reopened?.conversationId;
}

type News = Pick<ContactEvent, 'type' | 'acquisitionSource' | 'changedFields'>;

function newsOf(person: Contact, met: NonNullable<Met['contact']>): News[] {
  if (met.isNew) return [{ type: 'contact.created', acquisitionSource: met.source }];
  const identity = met.changed.flatMap((field) => IDENTITY[field] ?? []);
  // The name that people gave goes before the one that the customer chose.
  const renamed = met.changed.includes('profile_name')
    ? ['profile_name', ...(person.name === person.profileName ? ['name'] : [])]
    : met.changed.filter((field) => field === 'name');
  return [
    ...(identity.length === 0
      ? []
      : [{ type: 'contact.identity_updated' as const, changedFields: identity }]),
    ...(renamed.length === 0 ? [] : [{ type: 'contact.updated' as const, changedFields: renamed }]),
  ];
}
