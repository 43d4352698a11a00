// Customers' messages: every kind is kept whole as Meta told it, whatever it holds. Repetitions change nothing.
import { createHash } from 'node:crypto';

import type { Context } from '../context.ts';
import { SILENT_TYPES } from '../conversations/unread.ts';
import { idOf, type MessageId } from '../kernel/ids.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import { mediaIn } from '../meta/inbound-media.ts';
import { instantMs, objects, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { InboundMessage, KeptMessage } from './keep-store.ts';
import type { Received } from './tell-received.ts';
import { KEY_CHARACTERS_MAX, namesOfContacts, senderOf, type NamesOfContacts } from './sender.ts';

/** What the index of wamids can hold, and far more than Meta's have. */
export const WAMID_CHARACTERS_MAX = 500;

/** Keeps the messages of one change; returns those that could not be read, with the reason. */
export async function applyMessages(
  ctx: Context,
  keeping: GroupCommit<Received, KeptMessage | null>,
  change: { number: BusinessNumber; value: JsonObject },
): Promise<{ message: Json; reason: string }[]> {
  const unread: { message: Json; reason: string }[] = [];
  const people = namesOfContacts(change.value);
  await Promise.all(
    objects(change.value['messages']).map(async (message) => {
      const row = toRow(change.number, message, { people, now: ctx.clock.now() });
      if (row)
        await keeping.add({ ...row, number: change.number, message, ...besides(change.value, message) });
      else unread.push({ message, reason: 'a message without an id or a sender' });
    }),
  );
  return unread;
}

// What stands around a message and belongs to it: Meta names contacts by phone or user id, and leaves them out of some.
function besides(value: JsonObject, message: JsonObject): { contacts: JsonObject[]; errors: JsonObject[] } {
  const all = objects(value['contacts']);
  const own = all.filter(
    (one) =>
      (one['wa_id'] !== undefined && one['wa_id'] === message['from']) ||
      (one['user_id'] !== undefined && one['user_id'] === message['from_user_id']),
  );
  const isAlone = objects(value['messages']).length === 1;
  return { contacts: isAlone ? all : own, errors: isAlone ? objects(value['errors']) : [] };
}

function toRow(
  number: BusinessNumber,
  message: JsonObject,
  about: { people: NamesOfContacts; now: number },
): InboundMessage | undefined {
  const wamid = text(message['id']);
  const groupId = text(message['group_id']) ?? null;
  const sender = senderOf(message, about.people);
  if (wamid === undefined || (!sender && groupId === null)) return undefined;
  if (wamid.length > WAMID_CHARACTERS_MAX || (groupId?.length ?? 0) > KEY_CHARACTERS_MAX) return undefined;
  const told = instantMs(message['timestamp']);
  const type = (text(message['type']) ?? 'unknown').slice(0, 100);
  return {
    organisationId: number.organisationId,
    id: idOfMessage(number, { wamid, told }),
    phoneNumberId: number.phoneNumberId,
    type,
    recipient: number.phone,
    groupId,
    sender,
    body: JSON.stringify(message),
    wamid,
    // Nobody wrote tomorrow: it would keep the window open until then.
    at: Math.min(told ?? about.now, about.now),
    speaks: !SILENT_TYPES.includes(type),
    media: mediaIn(message),
  };
}

/** By what Meta says alone, so that a repetition has the same id. */
export function idOfMessage(
  { phoneNumberId }: BusinessNumber,
  { wamid, told }: { wamid: string; told: number | undefined },
): MessageId {
  const digest = createHash('sha256').update(`${phoneNumberId}\n${wamid}`).digest();
  return idOf('msg', told ?? 0, digest.subarray(0, 10));
}
