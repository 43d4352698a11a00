// Messages that were written outside of Kurir are kept beside those that went through it: each once, however often Meta tells it. They have
// no attempts and no key; that they are there opens no window and leaves nothing unread.
import { keepOutbound, type MadeByWriting, type WrittenTo } from '../conversations/keep-outbound.ts';
import type { JsonObject } from '../kernel/json.ts';
import { noteInbound, type InboundMedium } from '../media/note-inbound.ts';
import { mediaIn } from '../meta/inbound-media.ts';
import type { Queryable } from '../storage/db.ts';
import { insertElsewhere, type ElsewhereRow } from './elsewhere-store.ts';

export interface WrittenElsewhere extends Omit<ElsewhereRow, 'body'> {
  /** Meta's words. */
  message: JsonObject;
}

export interface KeptElsewhere {
  /** Those that were not there before. */
  fresh: WrittenElsewhere[];
  /** Conversations and contacts that begin with them. */
  made: MadeByWriting[];
  /** Some are new, or more is known of them. */
  isNews: boolean;
  /** Some have media, which are to be fetched from now on. */
  hasMedia: boolean;
}

/** Keeps those of one number with the conversations they are in, and notes their media. */
export async function keepElsewhere(
  tx: Queryable,
  messages: readonly WrittenElsewhere[],
  now: number,
): Promise<KeptElsewhere> {
  // Of several with one id, the one that says most.
  const byId = new Map<string, WrittenElsewhere>();
  for (const one of messages)
    if (!byId.has(one.id) || byId.get(one.id)?.type === 'media_placeholder') byId.set(one.id, one);
  if (byId.size === 0) return { fresh: [], made: [], isNews: false, hasMedia: false };
  const kept = await insertElsewhere(
    tx,
    [...byId.values()].map(({ message, ...row }) => ({ ...row, body: JSON.stringify(message) })),
  );
  const fresh = kept.flatMap(({ id, isNew }) => (isNew ? (byId.get(id) ?? []) : []));
  const made = fresh.length > 0 ? await keepOutbound(tx, talksOf(fresh)) : [];
  // Meta gives them out for some days from now, however long ago they were sent.
  const media = kept.flatMap(({ id }) => mediaOf(byId.get(id), now));
  if (media.length > 0) await noteInbound(tx, media);
  return { fresh, made, isNews: kept.length > 0, hasMedia: media.length > 0 };
}

function talksOf(messages: readonly WrittenElsewhere[]): WrittenTo[] {
  const talks = new Map<string, WrittenTo>();
  for (const { organisationId, phoneNumberId, conversation, at, direction } of messages) {
    const sent = direction === 'outbound';
    const name = `${sent} ${conversation}`;
    const latest = Math.max(at, talks.get(name)?.at ?? 0);
    talks.set(name, { organisationId, phoneNumberId, conversation, at: latest, sent });
  }
  return [...talks.values()];
}

function mediaOf(one: WrittenElsewhere | undefined, now: number): InboundMedium[] {
  const told = one && mediaIn(one.message);
  if (!told) return [];
  const { organisationId, id, phoneNumberId } = one;
  return [{ organisationId, messageId: id, phoneNumberId, told, at: now }];
}
