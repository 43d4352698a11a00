// Putting labels on contacts and conversations, and taking them off: repeating it changes nothing. Of a contact it is told, as
// `contact.updated`, in the same transaction.
import type { Context } from '../context.ts';
import type { ContactEvent } from '../events/event.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import { selectContact } from './contact-store.ts';
import { selectConversation } from './conversation-store.ts';
import type { ChangeParts } from './change-contact.ts';
import { lockContacts, lockLabel, setContactLabel, setConversationLabel } from './label-store.ts';
import { noLabel } from './labels.ts';
import { noContact } from './read-contacts.ts';
import { noConversation } from './read-conversations.ts';
import { contactEvent } from './tell-contact.ts';

export interface LabelPut {
  organisationId: OrganisationId;
  /** With a number, only what is that number's. */
  phoneNumberId: string | undefined;
  labelId: string;
  on: boolean;
}

export interface ContactsPut {
  /** How many contacts have it now, or have it not. */
  applied: number;
  /** Those that the organisation does not have. */
  unknown: number;
  ofOtherNumbers: number;
}

/** Throws `resource_not_found` for a label or a contact that is not there. */
export async function putContactLabel(
  ctx: Context,
  parts: ChangeParts,
  put: LabelPut & { contactId: string },
): Promise<void> {
  const { applied } = await putContactLabels(ctx, parts, { ...put, contactIds: [put.contactId] });
  if (applied === 0) noContact(put.contactId);
}

/** All in one transaction; contacts that are not there are counted. Throws `resource_not_found` for the label. */
export async function putContactLabels(
  ctx: Context,
  parts: ChangeParts,
  put: LabelPut & { contactIds: readonly string[] },
): Promise<ContactsPut> {
  const { organisationId, phoneNumberId, labelId, on } = put;
  const asked = [...new Set(put.contactIds)];
  return writeAndTell({ db: ctx.db, teller: parts.teller }, async (tx) => {
    if (!(await lockLabel(tx, organisationId, labelId))) noLabel(labelId, 'label_id');
    const known = await lockContacts(tx, organisationId, asked);
    const contactIds = known
      .filter((one) => phoneNumberId === undefined || one.phoneNumberId === phoneNumberId)
      .map(({ id }) => id);
    const changed = new Set(await setContactLabel(tx, organisationId, { contactIds, labelId, on }));
    const labelled = known.filter(({ id }) => changed.has(id));
    const [found, ours] = [known.length, contactIds.length];
    return {
      result: { applied: ours, unknown: asked.length - found, ofOtherNumbers: found - ours },
      events: await eventsOfLabels(ctx, parts, { tx, organisationId, changed: labelled }),
    };
  });
}

/** Throws `resource_not_found` for a label or a conversation that is not there. */
export async function putConversationLabel(
  ctx: Context,
  put: LabelPut & { conversationId: string },
): Promise<void> {
  const { organisationId, phoneNumberId, labelId, on } = put;
  await ctx.db.transaction(async (tx) => {
    if (!(await lockLabel(tx, organisationId, labelId))) noLabel(labelId, 'label_id');
    const find = { id: put.conversationId, phoneNumberId };
    const conversation =
      (await selectConversation(tx, organisationId, find)) ?? noConversation(put.conversationId);
    await setConversationLabel(tx, organisationId, {
      phoneNumberId: conversation.phoneNumberId,
      conversation: conversation.key,
      labelId,
      on,
    });
  });
}

async function eventsOfLabels(
  ctx: Context,
  { teller, numbers }: ChangeParts,
  about: {
    tx: Queryable;
    organisationId: OrganisationId;
    changed: readonly { id: string; phoneNumberId: string }[];
  },
): Promise<ContactEvent[]> {
  const { tx, organisationId } = about;
  const now = ctx.clock.now();
  const events: ContactEvent[] = [];
  const type = 'contact.updated' as const;
  for (const one of about.changed) {
    // Up to a thousand: only what anybody hears of is read.
    if (!teller.wants(organisationId, { type, phoneNumberId: one.phoneNumberId })) continue;
    const contact = await selectContact(tx, organisationId, one);
    const number = contact && (await numbers.findNumber(organisationId, contact.phoneNumberId));
    if (contact && number)
      events.push(contactEvent(contact, { organisationId, number, now, type, changedFields: ['labels'] }));
  }
  return events;
}
