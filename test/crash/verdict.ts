// What the ledgers of a run say together: the promises, checked one by one. Pure; each finding names the promise and the message.
import { RANKS, type Arrival, type MetaLedger, type Shown } from './ledgers.ts';
import type { SendRecord } from './load.ts';
import type { Plan } from './plan.ts';

export interface Evidence {
  plan: Plan;
  records: readonly SendRecord[];
  meta: MetaLedger;
  shown: readonly Shown[];
  /** With their attempts: those of messages that Meta took more than once. */
  stories: ReadonlyMap<string, Shown>;
  /** The epoch of each message's last attempt, by `<message>.<attempt>`. */
  epochs: ReadonlyMap<string, number>;
}

export interface Finding {
  promise: string;
  about: string;
}

export interface Verdict {
  findings: Finding[];
  counts: {
    sends: number;
    once: number;
    /** delivery_unknown, and not at Meta. */
    unknown: number;
    /** Failed by Meta's word, or withdrawn because a wamid was owed. */
    failed: number;
    withdrawn: number;
    resent: number;
    /** A late echo went over delivery_unknown. */
    overridden: number;
    answersLost: number;
    orderedPairs: number;
  };
}

/** A line of the ledger is written when Meta takes a call; its clock is whole milliseconds. */
const CLOCK_MS = 5;
/** How long after a takeover a call of the former owner that was on the wire may still be told apart from a second driver. */
const ON_THE_WIRE_MS = 1_000;

export function judgeRun(evidence: Evidence): Verdict {
  const findings: Finding[] = [];
  const find = (promise: string, about: string): void => void findings.push({ promise, about });
  const arrivals = Map.groupBy(evidence.meta.arrivals, (arrival) => arrival.messageId);
  const counts = { ...judgeMessages(evidence, arrivals, find), ...judgeSends(evidence, find) };
  const orderedPairs = judgeOrder(evidence, find);
  judgeCalls(evidence, find);
  judgeOwners(evidence, find);
  for (const refused of evidence.meta.refused.filter((one) => one.code !== 0))
    find('within Meta’s limits', `Meta refused a call with ${refused.code} at ${refused.at}`);
  const answersLost = evidence.meta.arrivals.filter(({ reply }) => reply !== 'sent').length;
  return { findings, counts: { ...counts, answersLost, orderedPairs } };
}

type Find = (promise: string, about: string) => void;

// Each send: answered, and one message, the one that it was answered with.
function judgeSends({ records, shown }: Evidence, find: Find): { sends: number } {
  const byText = Map.groupBy(shown, (one) => one.content ?? '');
  const withdrawn = new Set(shown.filter(isWithdrawn).map((one) => one.id));
  for (const { planned, ids: told, answeredAt, unsure, wrong, repeats } of records) {
    // Nobody knew, and then it was withdrawn, which freed the key: a repeat is another message.
    const ids = told.filter((id) => !(unsure && withdrawn.has(id)));
    const about = `${planned.key} (${planned.dialect})`;
    if (wrong !== undefined) find('a clear answer', `${about}: ${wrong}`);
    else if (answeredAt === undefined)
      find('an answer', `${about} was never answered: ${JSON.stringify(repeats)}`);
    const messages = (byText.get(planned.text) ?? []).filter((one) => !isWithdrawn(one));
    if (new Set(ids).size > 1) find('once per key', `${about} was answered with ${ids.join(', ')}`);
    if (messages.length > 1)
      find('once per key', `${about} is ${messages.length} messages: ${messages.map(brief).join('; ')}`);
    const [id] = ids;
    if (id !== undefined && messages[0]?.id !== id)
      find('nothing accepted is lost', `${about} was answered with ${id}, which the API does not show`);
  }
  return { sends: records.length };
}

// Each message: at Meta as often as its status says, and the status is Meta's.
function judgeMessages(
  { plan, records, meta, shown, stories }: Evidence,
  arrivals: ReadonlyMap<string, Arrival[]>,
  find: Find,
): Pick<Verdict['counts'], 'once' | 'unknown' | 'failed' | 'withdrawn' | 'resent' | 'overridden'> {
  const counts = { once: 0, unknown: 0, failed: 0, withdrawn: 0, resent: 0, overridden: 0 };
  const known = new Set(shown.map((one) => one.id));
  const owed = new Set(
    records.filter(({ planned }) => planned.dialect === 'graph').map(({ planned }) => planned.text),
  );
  for (const stray of meta.arrivals.filter((one) => !known.has(one.messageId)))
    find(
      'nothing accepted is lost',
      `Meta took ${stray.messageId} (${stray.text}), which the API does not show`,
    );
  for (const message of shown) {
    const taken = arrivals.get(message.id) ?? [];
    const about = `${brief(message)}; at Meta: ${taken.map(({ attempt, status, reply }) => `attempt ${attempt} ${status}, answer ${reply}`).join('; ') || 'never'}`;
    if (message.status_times['failed'] !== undefined && message.status !== 'failed') counts.overridden++;
    if (isWithdrawn(message) || isUnknown(message)) {
      counts[isUnknown(message) ? 'unknown' : 'withdrawn']++;
      if (taken.length > 0)
        find(isUnknown(message) ? 'a late echo overrides' : 'withdrawn is never sent', about);
      // Who was owed a wamid has been told that nobody knows: nothing is sent behind his back.
      else if (isUnknown(message) && plan.policy === 'resend' && !owed.has(message.content ?? ''))
        find('none is missing', about);
      continue;
    }
    const furthest = furthestOf(taken);
    if (furthest === undefined) find('nothing accepted is lost', about);
    else if (furthest !== message.status) find('statuses agree', about);
    if (taken.length === 1) counts[message.status === 'failed' ? 'failed' : 'once']++;
    if (taken.length < 2) continue;
    counts.resent++;
    const story = stories.get(message.id);
    const unknown = story?.attempts?.filter((one) => one.outcome === 'unknown').length ?? 0;
    if (plan.policy === 'fail') find('never twice', about);
    else if (taken.length > unknown + 1)
      find('twice only where counted as resent', `${about}; ${unknown} unknown`);
    else if (plan.webhooks === 'through') find('never twice while webhooks get through', about);
    const told = new Set([message.message_id, ...(message.other_message_ids ?? [])]);
    if (told.size !== taken.length || taken.some((one) => !told.has(one.wamid)))
      find('all wamids are told', `${about}; told ${[...told].join()}`);
  }
  return counts;
}

// Answered before the next request to the same recipient: at Meta before it, every copy of it.
function judgeOrder({ records, meta }: Evidence, find: Find): number {
  const byText = Map.groupBy(meta.arrivals, (arrival) => arrival.text);
  let pairs = 0;
  for (const sends of conversations(records)) {
    const placed = sends.flatMap((record) => {
      const places = byText.get(record.planned.text)?.map((arrival) => arrival.place) ?? [];
      return places.length === 0 ? [] : [{ record, first: Math.min(...places), last: Math.max(...places) }];
    });
    for (const before of placed) {
      // Nobody knew, it was withdrawn, and a repeat of the same moment is another message: that one was answered later.
      const isAnother = before.record.unsure && new Set(before.record.ids).size > 1;
      const answeredAt = isAnother ? Infinity : (before.record.answeredAt ?? Infinity);
      const followers = placed.filter((after) => after.record.askedAt > answeredAt);
      pairs += followers.length;
      for (const after of followers.filter(({ first }) => first < before.last)) {
        const ms = Math.round(after.record.askedAt - answeredAt);
        const about = `${before.record.planned.key} (places ${before.first} to ${before.last}) was answered ${ms} ms before ${after.record.planned.key} was asked, which is at Meta in place ${after.first}`;
        find('in order', about);
      }
    }
  }
  return pairs;
}

function conversations(records: readonly SendRecord[]): SendRecord[][] {
  return [...Map.groupBy(records, ({ planned }) => `${planned.number} ${planned.to}`).values()];
}

// One call at a time to a recipient: the next is taken only after Meta has answered the one before.
function judgeCalls({ plan, meta }: Evidence, find: Find): void {
  const latencyMs = plan.simulator.latencyMs ?? 0;
  for (const calls of Map.groupBy(meta.arrivals, ({ number, to }) => `${number} ${to}`).values()) {
    for (const [i, call] of calls.entries()) {
      const next = calls[i + 1];
      if (!next || call.reply === 'swallowed' || next.at - call.at >= latencyMs - CLOCK_MS) continue;
      find(
        'one call at a time to a recipient',
        `${next.text} was taken ${next.at - call.at} ms after ${call.text}; Meta answers after ${latencyMs} ms`,
      );
    }
  }
}

// Once a lane's calls come under a new epoch, none comes under an older one: two nodes would be driving it.
function judgeOwners({ meta, epochs }: Evidence, find: Find): void {
  for (const [number, calls] of Map.groupBy(meta.arrivals, (arrival) => arrival.number)) {
    let newest = { epoch: 0, at: 0 };
    for (const call of calls) {
      const epoch = epochs.get(`${call.messageId}.${call.attempt}`);
      if (epoch === undefined) continue;
      if (epoch > newest.epoch) newest = { epoch, at: call.at };
      else if (epoch < newest.epoch && call.at - newest.at > ON_THE_WIRE_MS)
        find(
          'one driver a lane',
          `${call.text} left ${number} under epoch ${epoch}, ${call.at - newest.at} ms after the first of epoch ${newest.epoch}`,
        );
    }
  }
}

function furthestOf(taken: readonly Arrival[]): string | undefined {
  return RANKS.findLast((rank) => taken.some(({ status }) => status === rank));
}

function isWithdrawn(message: Shown): boolean {
  return message.status === 'failed' && message.error?.code === 'withdrawn';
}

function isUnknown(message: Shown): boolean {
  return message.status === 'failed' && message.error?.code === 'delivery_unknown';
}

function brief({ id, content, status, error }: Shown): string {
  return `${id} (${content ?? ''}) is ${status}${error ? `/${error.code}` : ''}`;
}
