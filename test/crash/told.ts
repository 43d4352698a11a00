// What customers wrote and Meta told, against what the gateway shows and what the subscribers' ledger says.
import { setTimeout as pause } from 'node:timers/promises';

import type { Request } from '../storm/receivers.ts';
import { SUBSCRIBERS, type CrashHouse } from './crash-house.ts';
import type { MetaLedger, Shown, Written } from './ledgers.ts';
import { WRITTEN } from './plan.ts';
import type { Finding } from './verdict.ts';

export interface ToldCounts {
  written: number;
  /** To healthy subscribers, and answered 200. */
  told: number;
  /** Of them, heard before. */
  again: number;
  /** Pairs of which one was answered before the other was written. */
  inOrder: number;
}

export interface ToldEvidence {
  meta: MetaLedger;
  outbound: readonly Shown[];
  inbound: readonly Shown[];
  requests: readonly Request[];
  /** Deliveries that still wait, or ended as they should not. */
  waits: readonly string[];
}

const WITHIN_MS = 60_000;
const LOOK_MS = 250;

/** Resolves when no delivery waits any more, with those that do after a minute, or died without all their tries. */
export async function untilAllIsTold({ database, subscriptions }: CrashHouse): Promise<string[]> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    const rows = await database.query<{ about: string }>(
      `select id || ' of ' || subscription_id || ' is ' || state || ' after ' || attempt || ' tries: ' || tries as about from deliveries
       where subscription_id = any($1) and (due_at is not null or state = 'pending' or (state = 'dead' and attempt < 8))`,
      [subscriptions],
    );
    if (rows.length === 0 || performance.now() > until) return rows.map(({ about }) => about);
    await pause(LOOK_MS);
  }
}

export function judgeTold(evidence: ToldEvidence): { findings: Finding[]; counts: ToldCounts } {
  const { meta, inbound, outbound, requests, waits } = evidence;
  const findings: Finding[] = [];
  const find = (promise: string, about: string): void => void findings.push({ promise, about });
  for (const about of waits) find('each delivery comes to its end', about);
  const taken = meta.written.filter((one) => one.taken);
  const shown = Map.groupBy(inbound, (one) => one.message_id ?? '');
  for (const { wamid, text } of taken) {
    const times = shown.get(wamid)?.length ?? 0;
    if (times !== 1) find('no received webhook is lost', `${wamid} (${text}) is shown ${times} times`);
  }
  const heard = new Map<string, number>();
  for (const { receiver, event, status } of requests)
    if (status === 200) heard.set(`${receiver} ${event}`, (heard.get(`${receiver} ${event}`) ?? 0) + 1);
  const ours = taken.filter((one) => one.text.startsWith(WRITTEN));
  const statuses = statusesOf(meta, outbound);
  for (const [receiver, { manner, dialect, events }] of SUBSCRIBERS.entries()) {
    if (manner !== 'well') continue;
    const missing = [
      ...ours.map(({ wamid }) => wamid),
      ...(events.includes('message.status') ? statuses : []),
    ].filter((event) => !heard.has(`${receiver} ${event}`));
    if (missing.length > 0)
      find(
        'no delivery is lost',
        `${dialect} never heard of ${missing.length}: ${missing.slice(0, 5).join(', ')}`,
      );
  }
  const inOrder = judgeOrder(ours, requests, find);
  const well = [...heard].filter(([name]) => SUBSCRIBERS[Number(name.split(' ')[0])]?.manner === 'well');
  const told = well.reduce((sum, [, times]) => sum + times, 0);
  return { findings, counts: { written: taken.length, told, again: told - well.length, inOrder } };
}

// Answered 200 before the next was written by the same customer: heard before it, where an order is kept.
function judgeOrder(
  ours: readonly Written[],
  requests: readonly Request[],
  find: (promise: string, about: string) => void,
): number {
  const ordered = SUBSCRIBERS.findIndex((one) => one.ordered);
  const first = new Map<string, { at: number; endedAt: number }>();
  for (const one of requests.filter(({ receiver }) => receiver === ordered)) {
    const known = first.get(one.event) ?? { at: Infinity, endedAt: Infinity };
    const endedAt = one.status === 200 ? Math.min(known.endedAt, one.endedAt) : known.endedAt;
    first.set(one.event, { at: Math.min(known.at, one.at), endedAt });
  }
  const pairs = [...Map.groupBy(ours, (one) => one.conversation).values()].flatMap((together) =>
    together.flatMap((before) =>
      together.filter((after) => after.at > before.takenAt).map((after) => ({ before, after })),
    ),
  );
  for (const { before, after } of pairs) {
    const [one, other] = [first.get(before.wamid), first.get(after.wamid)];
    if (one && other && other.at < one.endedAt)
      find(
        'in order',
        `${before.text} of ${before.conversation} was taken first and heard after ${after.text}`,
      );
  }
  return pairs.length;
}

// Each status of a message that is at Meta once; of several copies, what the second one tells is no news.
function statusesOf(meta: MetaLedger, outbound: readonly Shown[]): string[] {
  const copies = Map.groupBy(meta.arrivals, (arrival) => arrival.messageId);
  const single = new Set(
    outbound.filter(({ id }) => copies.get(id)?.length === 1).map(({ message_id }) => message_id ?? ''),
  );
  return meta.statuses
    .filter(({ wamid, taken }) => taken && single.has(wamid))
    .map(({ wamid, status }) => `${wamid} ${status}`);
}
