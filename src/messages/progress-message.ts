// Progress: what Meta said of a message, by the answer to a call or by a webhook, applied forward only and told to those who
// wait. One writer for both, so that an answer and an echo of the same message never wait for each other crosswise.
//
// Whoever has a subscriber that wants to hear of it has it told in the same transaction.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { OutboundKeeper } from '../conversations/keep-outbound.ts';
import type { Teller } from '../events/teller.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { RANKS } from './message.ts';
import { createOutboundFactsReader, type OutboundFactsReader } from './outbound-facts.ts';
import type { Progress } from './progress.ts';
import { progressRows, type ProgressedRow, type ProgressRow } from './progress-store.ts';
import { eventsOfProgress, wantsProgress } from './tell-progress.ts';

export interface ProgresserParts {
  lanes: Lanes;
  numbers: Pick<NumberDirectory, 'numberAnywhere'>;
  teller: Teller;
  outbound: Pick<OutboundKeeper, 'sent'>;
}

export interface Progresser {
  /** Resolves when it is committed; undefined when there is no such message. */
  progress(step: Progress): Promise<ProgressedRow | undefined>;
  drained(): Promise<void>;
}

interface Parts extends ProgresserParts {
  facts: OutboundFactsReader;
}

const ROWS_MAX = 1_000;

export function createProgresser(ctx: Context, rooms: ProgresserParts): Progresser {
  const parts = { ...rooms, facts: createOutboundFactsReader(ctx) };
  const progressing = createGroupCommit<Progress, ProgressedRow | undefined>({
    write: (steps) => write(ctx, parts, steps),
    maxRows: ROWS_MAX,
  });
  return {
    progress: (step) => progressing.add(step),
    drained: () => progressing.drained(),
  };
}

async function write(
  ctx: Context,
  parts: Parts,
  steps: readonly Progress[],
): Promise<(ProgressedRow | undefined)[]> {
  const rows = steps.some((step) => wantsProgress(parts.teller, step))
    ? await writeAndTell({ db: ctx.db, teller: parts.teller, hot: true }, async (tx) => {
        // Asked for together: each way to the server and back is a turn of a busy loop.
        const [result, facts] = await Promise.all([
          apply(tx, parts.lanes, steps),
          parts.facts.read(
            tx,
            steps.filter((step) => wantsProgress(parts.teller, step)),
          ),
        ]);
        return { result, events: eventsOfProgress(ctx, parts, { steps, rows: result, facts }) };
      })
    : await apply(ctx.db, parts.lanes, steps);
  const done = new Map(rows.map((row) => [row.id, row]));
  for (const row of done.values()) tell(ctx, parts.lanes, row);
  for (const step of steps) tellSent(parts.outbound, step, done.get(step.messageId));
  return steps.map((step) => done.get(step.messageId));
}

// One row a message and statement: an UPDATE … FROM would apply only one of two. Steps that cannot be told as one, with another wamid,
// price or failure, go into a further one: which of them stays is for the statement alone to say, or it would depend on the batch.
// What each statement changed comes back, so a message may come back twice.
async function apply(db: Queryable, lanes: Lanes, steps: readonly Progress[]): Promise<ProgressedRow[]> {
  const rows: ProgressedRow[] = [];
  for (let rest = steps; rest.length > 0;) {
    const merged = new Map<string, ProgressRow>();
    const later: Progress[] = [];
    for (const step of rest) {
      const row = toRow(step, lanes);
      const present = merged.get(step.messageId);
      if (!present) merged.set(step.messageId, row);
      else if (agree(present, row)) merged.set(step.messageId, merge(present, row));
      else later.push(step);
    }
    rows.push(...(await progressRows(db, [...merged.values()])));
    rest = later;
  }
  return rows;
}

function toRow(step: Progress, lanes: Lanes): ProgressRow {
  const news = { state: step.status, mayHaveLeft: false, wamid: step.wamid, failure: step.failure };
  const isPlayed = step.told?.status['status'] === 'played';
  const at = (status: Progress['status']): number | null =>
    step.status === status && !isPlayed ? step.at : null;
  return {
    organisationId: step.organisationId,
    id: step.messageId,
    state: step.status,
    rank: RANKS[step.status],
    wamid: step.wamid,
    failure: step.failure,
    pricing: step.pricing,
    pendingAt: at('pending'),
    sentAt: at('sent'),
    deliveredAt: at('delivered'),
    readAt: at('read'),
    failedAt: at('failed'),
    playedAt: isPlayed ? step.at : null,
    firstAnswer: lanes.waiters.answeredBy(step.messageId, news) ? step.status : null,
  };
}

function agree(one: ProgressRow, other: ProgressRow): boolean {
  return (
    one.wamid === other.wamid &&
    sameOrNone(one.pricing, other.pricing) &&
    (one.rank !== other.rank || sameOrNone(one.failure, other.failure))
  );
}

function sameOrNone(one: unknown, other: unknown): boolean {
  return (one ?? null) === null || (other ?? null) === null || JSON.stringify(one) === JSON.stringify(other);
}

// Two steps that agree as one: the same whichever comes first.
function merge(one: ProgressRow, other: ProgressRow): ProgressRow {
  const higher = one.rank >= other.rank ? one : other;
  return {
    ...higher,
    failure: one.rank === other.rank ? (one.failure ?? other.failure) : higher.failure,
    pricing: one.pricing ?? other.pricing,
    pendingAt: earlier(one.pendingAt, other.pendingAt),
    sentAt: earlier(one.sentAt, other.sentAt),
    deliveredAt: earlier(one.deliveredAt, other.deliveredAt),
    readAt: earlier(one.readAt, other.readAt),
    failedAt: earlier(one.failedAt, other.failedAt),
    playedAt: earlier(one.playedAt, other.playedAt),
    firstAnswer: one.firstAnswer ?? other.firstAnswer,
  };
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

// A read receipt may come a day later: only these say when the business wrote.
function tellSent(
  outbound: ProgresserParts['outbound'],
  step: Progress,
  row: ProgressedRow | undefined,
): void {
  if (!row || (step.status !== 'pending' && step.status !== 'sent')) return;
  const { phoneNumberId, conversation } = row;
  outbound.sent({ organisationId: step.organisationId, phoneNumberId, conversation, at: step.at });
}

function tell(ctx: Context, lanes: Lanes, row: ProgressedRow): void {
  lanes.waiters.tell(row.id, {
    state: row.state,
    mayHaveLeft: row.mayHaveLeft,
    wamid: row.wamid,
    failure: row.failure,
    firstAnswer: row.firstAnswer,
  });
  const lane = lanes.get(row.phoneNumberId);
  if (lane) lanes.dispatcher().settled(lane, row.conversation);
  if (row.otherWamids.length > 0) {
    ctx.log.warn(
      { messageId: row.id, copies: row.otherWamids.length + 1 },
      'message.duplicate_detected: Meta told more than one id for it',
    );
  }
}
