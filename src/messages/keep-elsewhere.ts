// Messages that were written outside of Kurir are kept beside those that went through it: each once, however often Meta tells it. They have
// no attempts and no key; that they are there opens no window and leaves nothing unread.
import { keepOutbound, type WrittenTo } from '../conversations/keep-outbound.ts';
import type { Queryable } from '../storage/db.ts';
import { insertElsewhere, type ElsewhereRow } from './elsewhere-store.ts';

export type WrittenElsewhere = ElsewhereRow;

/** Keeps those of one number with the conversations they are in; returns those that are new, and whether anything was. */
export async function keepElsewhere(
  tx: Queryable,
  messages: readonly WrittenElsewhere[],
): Promise<{ fresh: WrittenElsewhere[]; isNews: boolean }> {
  // Of several with one id, the one that says most.
  const byId = new Map<string, WrittenElsewhere>();
  for (const one of messages)
    if (!byId.has(one.id) || byId.get(one.id)?.type === 'media_placeholder') byId.set(one.id, one);
  if (byId.size === 0) return { fresh: [], isNews: false };
  const kept = await insertElsewhere(tx, [...byId.values()]);
  const fresh = kept.flatMap(({ id, isNew }) => (isNew ? (byId.get(id) ?? []) : []));
  const talks = new Map<string, WrittenTo>();
  for (const { organisationId, phoneNumberId, conversation, at, direction } of fresh) {
    const sent = direction === 'outbound';
    const name = `${sent} ${conversation}`;
    const latest = Math.max(at, talks.get(name)?.at ?? 0);
    talks.set(name, { organisationId, phoneNumberId, conversation, at: latest, sent });
  }
  if (talks.size > 0) await keepOutbound(tx, [...talks.values()]);
  return { fresh, isNews: kept.length > 0 };
}
