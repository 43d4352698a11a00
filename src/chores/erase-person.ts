// Erasing a person: everything that an organisation keeps of one customer, both ways, on all of its numbers. It is done in parts, so that a
// long history holds up nobody; whoever runs it again after it was cut off goes on where it ended: what tells where to look goes last, so
// messages go after what was told of them, and contacts at the end.
import type { Context } from '../context.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { phoneDigits } from '../kernel/phone-number.ts';
import { forgetMediaOf } from '../media/forgetter.ts';
import { deleteMessagesOf } from '../messages/forget-messages.ts';
import {
  daysTold,
  deleteAside,
  deleteLines,
  deletePerson,
  deleteTold,
  namesOf,
  numbersOf,
  pageOfGroups,
  patternOf,
  someMessages,
  type Message,
} from './erase-store.ts';

export interface Erased {
  messages: number;
  media: number;
  deliveries: number;
  /** Changes of Meta's that nothing was done with. */
  aside: number;
  conversations: number;
  contacts: number;
}

const AT_ONCE = 500;

/** @param person a phone number, a business-scoped user id, or the id of a contact (`ctc_…`) */
export async function erasePerson(
  ctx: Context,
  { organisationId, person }: { organisationId: OrganisationId; person: string },
): Promise<Erased> {
  const { db } = ctx;
  const given = /^[+\d][\d\s()-]*$/.test(person) ? (phoneDigits(person) ?? person) : person;
  const names = await namesOf(db, organisationId, given);
  const erased: Erased = { messages: 0, media: 0, deliveries: 0, aside: 0, conversations: 0, contacts: 0 };

  async function erase(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    await db.transaction(async (tx) => {
      erased.media += await forgetMediaOf(tx, messages);
      await deleteMessagesOf(tx, messages);
    });
    erased.messages += messages.length;
  }

  const numbers = await numbersOf(db, organisationId);
  const conversations = numbers.flatMap((number) => names.map((name) => `${number}/${name}`));
  const pattern = patternOf(names);
  const inGroups: string[] = [];
  for (const phoneNumberId of numbers)
    for (let after: string | null = '-infinity'; after !== null;) {
      const page = await pageOfGroups(db, organisationId, { names, phoneNumberId, after });
      inGroups.push(...page.ids);
      after = page.last;
    }
  async function eraseTold(): Promise<void> {
    for (const day of await daysTold(db))
      erased.deliveries += await db.transaction((tx) =>
        deleteTold(tx, organisationId, { conversations, messages: inGroups, pattern, ...day }),
      );
  }

  await eraseTold();
  for (let at = 0; at < inGroups.length; at += AT_ONCE)
    await erase(inGroups.slice(at, at + AT_ONCE).map((id) => ({ organisationId, id })));
  for (;;) {
    const messages = await someMessages(db, organisationId, { names, limit: AT_ONCE });
    if (messages.length === 0) break;
    await erase(messages);
  }
  // What was told of them meanwhile.
  await eraseTold();
  await db.transaction(async (tx) => {
    await deleteLines(tx, organisationId, conversations);
    if (pattern !== null) erased.aside = await deleteAside(tx, organisationId, pattern);
    Object.assign(erased, await deletePerson(tx, organisationId, names));
  });
  return erased;
}
