// What subscribers hear of a message's progress: each status once, whatever Meta repeats, in Meta's own words.
import type { Context } from '../context.ts';
import type { Event, EventNumber } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { aboutMessage, outboundFacts, type AboutMessage } from './about-message.ts';
import type { Progress } from './progress.ts';
import { NEWS, type ToldRow, type ProgressedRow } from './progress-store.ts';

/** Whether a subscriber may hear of a step. */
export function wantsProgress(teller: Teller, { organisationId, phoneNumberId, told }: Progress): boolean {
  const type = told ? 'message.status' : 'message.sent';
  return (
    teller.wants(organisationId, { type, phoneNumberId }) ||
    teller.wants(organisationId, { type: 'message.duplicate_detected', phoneNumberId })
  );
}

interface Written {
  steps: readonly Progress[];
  /** What each statement changed, in their order. */
  rows: readonly ProgressedRow[];
  /** By message id. */
  facts: ReadonlyMap<string, ToldRow>;
}

/** The events of what was written. */
export function eventsOfProgress(
  ctx: Context,
  parts: { numbers: Pick<NumberDirectory, 'numberAnywhere'>; teller: Teller },
  { steps, rows, facts }: Written,
): Event[] {
  const heard = newsOf(parts.teller, steps, rows);
  const doubled = rows.filter((row) => (row.news & NEWS.otherWamid) !== 0);
  if (heard.length + doubled.length === 0) return [];
  const stepOf = new Map(steps.map((step) => [step.messageId, step]));
  const latest = new Map(rows.map((row) => [row.id, row]));
  const now = ctx.clock.now();
  function toEvent(step: Progress | undefined, render: typeof statusEvent | typeof doubledEvent): Event[] {
    const [row, sent] = [latest.get(step?.messageId ?? ''), facts.get(step?.messageId ?? '')];
    const number = parts.numbers.numberAnywhere(step?.phoneNumberId ?? '');
    return step && row && sent && number ? [render(step, { row, sent, number, now })] : [];
  }
  return [
    ...heard.flatMap((step) => toEvent(step, statusEvent)),
    ...doubled.flatMap((row) => toEvent(stepOf.get(row.id), doubledEvent)),
  ];
}

// Of several that say the same the first is told.
function newsOf(teller: Teller, steps: readonly Progress[], rows: readonly ProgressedRow[]): Progress[] {
  const news = new Map<string, number>();
  for (const row of rows) news.set(row.id, (news.get(row.id) ?? 0) | row.news);
  return steps.filter((step) => {
    const fresh = news.get(step.messageId) ?? 0;
    news.set(step.messageId, fresh & ~bitOf(step));
    return (fresh & bitOf(step)) !== 0 && wantsProgress(teller, step);
  });
}

function bitOf({ status, told }: Progress): number {
  return told?.status['status'] === 'played' ? NEWS.played : NEWS[status];
}

interface About {
  row: ProgressedRow;
  sent: ToldRow;
  number: EventNumber;
  now: number;
}

function baseOf(step: Progress, { row, sent, number, now }: About): AboutMessage {
  const about = { ...row, organisationId: step.organisationId, messageId: row.id, wamid: step.wamid };
  return aboutMessage({ ...sent, ...about }, { number, now });
}

function doubledEvent(step: Progress, about: About): Event {
  const { row } = about;
  return {
    ...baseOf(step, about),
    type: 'message.duplicate_detected',
    wamids: [row.wamid, ...row.otherWamids],
  };
}

function statusEvent(step: Progress, about: About): Event {
  const { row, sent } = about;
  const base = baseOf(step, about);
  const outbound = outboundFacts(sent);
  if (!step.told) return { ...base, type: 'message.sent', outbound, echo: null };
  return {
    ...base,
    type: 'message.status',
    status:
      step.told.status['status'] === 'played' ? 'played' : step.status === 'pending' ? 'sent' : step.status,
    told: withOwnData(step.told.status, sent.callbackData),
    contacts: step.told.contacts,
    own: false,
    outbound,
    times: row.times,
  };
}

// Our token is nobody's business: in its place stands what the application gave, or nothing.
function withOwnData(status: JsonObject, callbackData: string | null): JsonObject {
  const { biz_opaque_callback_data: _token, ...told } = status;
  return callbackData === null ? told : { ...told, biz_opaque_callback_data: callbackData };
}
