// Customers' messages: every kind is kept whole as Meta told it, whatever it holds. Repetitions change nothing.
import { createHash } from 'node:crypto';

import type { Context } from '../context.ts';
import { idOf } from '../kernel/ids.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { instantMs, objects, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { InboundMessage } from './inbound-store.ts';

/** Keeps the messages of one change; returns those that could not be read, with the reason. */
export async function applyMessages(
  ctx: Context,
  keeping: GroupCommit<InboundMessage, void>,
  change: { number: BusinessNumber; value: JsonObject },
): Promise<{ message: Json; reason: string }[]> {
  const unread: { message: Json; reason: string }[] = [];
  const names = profileNames(change.value);
  await Promise.all(
    objects(change.value['messages']).map(async (message) => {
      const row = toRow(change.number, message, { names, now: ctx.clock.now() });
      if (row) await keeping.add(row);
      else unread.push({ message, reason: 'a message without an id or a sender' });
    }),
  );
  return unread;
}

function toRow(
  number: BusinessNumber,
  message: JsonObject,
  about: { names: Map<string, string>; now: number },
): InboundMessage | undefined {
  const wamid = text(message['id']);
  const from = text(message['from']) ?? text(message['from_user_id']);
  const conversation = text(message['group_id']) ?? from;
  if (wamid === undefined || conversation === undefined || wamid.length > 500 || conversation.length > 300)
    return undefined;
  const told = instantMs(message['timestamp']);
  const digest = createHash('sha256').update(`${number.phoneNumberId}\n${wamid}`).digest();
  return {
    organisationId: number.organisationId,
    // By what the message says alone, so that a repetition has the same id.
    id: idOf('msg', told ?? 0, digest.subarray(0, 10)),
    phoneNumberId: number.phoneNumberId,
    type: (text(message['type']) ?? 'unknown').slice(0, 100),
    recipient: number.phone,
    conversation,
    profileName: about.names.get(from ?? '')?.slice(0, 500) ?? null,
    body: JSON.stringify(message),
    wamid,
    // Nobody wrote tomorrow: it would keep the window open until then.
    at: Math.min(told ?? about.now, about.now),
  };
}

function profileNames(value: JsonObject): Map<string, string> {
  const names = new Map<string, string>();
  for (const contact of objects(value['contacts'])) {
    const profile = contact['profile'];
    const name = isObject(profile) ? text(profile['name']) : undefined;
    if (name === undefined) continue;
    for (const id of [text(contact['wa_id']), text(contact['user_id'])])
      if (id !== undefined) names.set(id, name);
  }
  return names;
}
