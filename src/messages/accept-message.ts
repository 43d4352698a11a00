// Accept: a message and its key are committed, or nothing is. Where the lane has a place free, the message is committed as an open
// attempt and handed on at once; otherwise it stands in the queue.
//
// If the answer to the COMMIT is lost, nobody knows whether the rows are there. The node then inserts each id as void (which waits for the
// lost transaction, or forbids it), takes its lanes anew, so that what was accepted as an intent and is called by nobody is queued again,
// and only then answers: what was accepted goes on, the rest is a 503.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import { conversationIdOf } from '../conversations/ids.ts';
import type { OutboundKeeper } from '../conversations/keep-outbound.ts';
import { windowIsOpen } from '../conversations/window.ts';
import type { IdempotencyKey, KeyLookUp } from '../idempotency/idempotency-key.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId, type MessageId, type OrganisationId } from '../kernel/ids.ts';
import type { Backlog } from '../lanes/backlog.ts';
import { standsBefore, stepBehind, type Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { Teller } from '../events/teller.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { eventsOfAccepted, wantsCreated } from './tell-accepted.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import { isConnectionLoss, neverReached, sqlState } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { acceptRows, voidRows, type AcceptedRow, type AcceptRow } from './accept-store.ts';
import { LINES, lineOf, type Priority } from './message.ts';

export interface AcceptInput {
  organisationId: OrganisationId;
  number: { phoneNumberId: string; pace: number | null };
  message: OutboundMessage;
  idempotency: IdempotencyKey | undefined;
  priority: Priority;
  /** The caller waits for Meta's answer. */
  waits: boolean;
  expiresInMs: number;
  /** A wamid is owed for so long; null: none is. */
  owedForMs: number | null;
}

export type Accepted =
  | { kind: 'accepted'; id: MessageId; conversationId: string; createdAt: Date; windowOpen: boolean }
  | { kind: 'replayed'; id: string };

export interface Accepter {
  accept(input: AcceptInput): Promise<Accepted>;
  drained(): Promise<void>;
}

export interface AccepterParts {
  lanes: Lanes;
  keys: KeyLookUp;
  backlog: Backlog;
  outbound: OutboundKeeper;
  numbers: Pick<NumberDirectory, 'numberAnywhere'>;
  teller: Teller;
  nodeId: string;
  /** Something was queued in a lane that is not this node's. */
  queuedElsewhere: (phoneNumberId: string) => void;
  /** Takes this node's lanes anew; resolves when it may call again. */
  renewLease: () => Promise<void>;
}

const ROWS_MAX = 500;
const RECOVERY_TRY_MS = 1_000;
const RECOVERY_MAX_MS = 30_000;
const ANSWER_WITHIN_MS = 5_000;

export function createAccepter(ctx: Context, parts: AccepterParts): Accepter {
  const accepting = createGroupCommit<NewRow, AcceptedRow | null>({
    write: (rows) => write(ctx, parts, rows),
    maxRows: ROWS_MAX,
  });
  const recovering = createGroupCommit<AcceptRow, boolean>({
    write: (rows) => recover(ctx, parts, rows),
    maxRows: ROWS_MAX,
  });

  async function afterFailure(row: AcceptRow, error: unknown): Promise<AcceptedRow> {
    // PostgreSQL itself said no: nothing was committed. Class 40 has been repeated, 22 and 23 were split off.
    if (neverReached(error) || !isConnectionLoss(error)) throw refused(error);
    const accepted = await inTime(ctx, recovering.add(row)).catch((cause: unknown) => {
      throw new KurirError(
        'service_unavailable',
        'The outcome is unknown: repeat with the same Idempotency-Key.',
        { retryAfterMs: 2_000, cause },
      );
    });
    if (!accepted)
      throw new KurirError('service_unavailable', 'The message was not accepted: repeat it.', {
        retryAfterMs: 1_000,
        cause: error,
      });
    // Ready or not: the next look finds it, or what stands before it brings it back.
    return { state: 'behind', lastInboundAt: null, conversationId: null };
  }

  return {
    async accept(input) {
      const at = ctx.clock.now();
      const lane = parts.lanes.takePlace(
        input.number.phoneNumberId,
        input.message.conversation,
        input.number.pace,
      );
      const row = toRow(parts, input, { id: newId('msg', at), at, lane });
      let written: AcceptedRow | null;
      try {
        written = await accepting.add(row);
      } catch (error) {
        written = await afterFailure(row, error).catch((refusal: unknown) => {
          if (lane) parts.lanes.givePlaceBack(lane, row.conversation);
          throw refusal;
        });
      }
      if (lane && written?.state !== 'intended') parts.lanes.givePlaceBack(lane, row.conversation);
      if (!written) return replayed(parts.keys, input);
      if (lane && written.state === 'intended') hand(parts.lanes, input, row);
      else queued(parts, row, written.state);
      if (written.conversationId === null) parts.outbound.accepted(row);
      return {
        kind: 'accepted',
        id: row.id,
        conversationId: written.conversationId ?? conversationIdOf(row.phoneNumberId, row.conversation),
        createdAt: new Date(at),
        windowOpen: windowIsOpen(written.lastInboundAt, at),
      };
    },
    drained: () => accepting.drained(),
  };
}

// In one transaction with what is told of it, where somebody wants to hear.
async function write(ctx: Context, parts: AccepterParts, rows: NewRow[]): Promise<(AcceptedRow | null)[]> {
  if (!rows.some((row) => wantsCreated(parts.teller, row))) return acceptRows(ctx.db, parts.nodeId, rows);
  return writeAndTell({ db: ctx.db, teller: parts.teller, hot: true }, async (tx) => {
    const result = await acceptRows(tx, parts.nodeId, rows);
    const created = rows.filter((row, i) => result[i] && wantsCreated(parts.teller, row));
    return { result, events: eventsOfAccepted(ctx, parts.numbers, created) };
  });
}

// The caller waits only so long for what became of a lost answer; what is found out later is for whoever repeats with the key.
async function inTime(ctx: Context, found: Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<never>();
  const timer = ctx.clock.after(ANSWER_WITHIN_MS, () =>
    late.reject(new Error('The database has not come back in time.')),
  );
  found.catch(() => undefined);
  return Promise.race([found, late.promise]).finally(() => timer.cancel());
}

interface NewRow extends AcceptRow {
  id: MessageId;
  organisationId: OrganisationId;
  message: OutboundMessage['body'];
}

// Our lane, if we know of a message before this one to the same recipient.
function laneAhead({ lanes }: AccepterParts, input: AcceptInput): Lane | undefined {
  const lane = lanes.get(input.number.phoneNumberId);
  return lane && standsBefore(lane, input.message.conversation) ? lane : undefined;
}

function toRow(
  parts: AccepterParts,
  input: AcceptInput,
  made: { id: MessageId; at: number; lane: Lane | undefined },
): NewRow {
  const { message } = input;
  const ahead = made.lane ? undefined : laneAhead(parts, input);
  return {
    id: made.id,
    organisationId: input.organisationId,
    phoneNumberId: input.number.phoneNumberId,
    type: message.type,
    recipient: message.to,
    conversation: message.conversation,
    message: message.body,
    body: JSON.stringify(message.body),
    callbackData: message.callbackData ?? null,
    key: input.idempotency?.key ?? null,
    fingerprint: input.idempotency?.fingerprint ?? null,
    line: lineOf(input.priority, input.waits),
    priority: LINES[input.priority],
    expiresAt: made.at + input.expiresInMs,
    owedForMs: input.owedForMs,
    firstAnswer: input.waits ? null : 'queued',
    epoch: (made.lane ?? ahead)?.epoch ?? null,
    behind: ahead !== undefined,
    at: made.at,
  };
}

function hand(lanes: Lanes, input: AcceptInput, row: NewRow): void {
  lanes.dispatcher().dispatch({
    organisationId: input.organisationId,
    messageId: row.id,
    phoneNumberId: row.phoneNumberId,
    conversation: row.conversation,
    attempt: 1,
    epoch: row.epoch ?? 0,
    startedAt: row.at,
    body: input.message.body,
    mayHaveLeft: false,
    refusals: 0,
    owed: row.owedForMs !== null,
  });
}

function queued(parts: AccepterParts, row: NewRow, state: AcceptedRow['state']): void {
  const { lanes, backlog, queuedElsewhere } = parts;
  backlog.added(row);
  const lane = lanes.get(row.phoneNumberId);
  if (!lane) return queuedElsewhere(row.phoneNumberId);
  lane.queued[row.line] = (lane.queued[row.line] ?? 0) + 1;
  if (state === 'behind') {
    // The one before it may have been settled meanwhile.
    stepBehind(lane, row.conversation);
    lanes.dispatcher().behind(lane, row);
    return lanes.dispatcher().settled(lane, row.conversation);
  }
  lane.due.add(row.line);
  lanes.dispatcher().wake(lane);
}

async function replayed(keys: KeyLookUp, input: AcceptInput): Promise<Accepted> {
  const id = input.idempotency && (await keys.find(input.organisationId, input.idempotency));
  // The winner was withdrawn between our insert and this look, which freed the key.
  if (id === undefined)
    throw new KurirError('service_unavailable', 'The key was in use a moment ago: repeat the request.', {
      retryAfterMs: 1_000,
    });
  return { kind: 'replayed', id };
}

async function recover(ctx: Context, parts: AccepterParts, rows: AcceptRow[]): Promise<boolean[]> {
  const until = ctx.clock.monotonic() + RECOVERY_MAX_MS;
  for (;;) {
    try {
      const accepted = await voidRows(ctx.db, rows);
      await parts.renewLease();
      ctx.log.warn(
        { rows: rows.length, accepted: accepted.size },
        'the answer to a commit was lost; looked again',
      );
      return rows.map((row) => accepted.has(row.id));
    } catch (error) {
      if (ctx.clock.monotonic() > until) throw error;
      await new Promise<void>((resolve) => ctx.clock.after(RECOVERY_TRY_MS, resolve));
    }
  }
}

function refused(cause: unknown): KurirError {
  const state = sqlState(cause);
  if (state?.startsWith('22') || state?.startsWith('23')) {
    return new KurirError('invalid_request', 'The message holds a value that cannot be stored.', { cause });
  }
  return new KurirError(
    'service_unavailable',
    'The message could not be stored; nothing was sent. Repeat it with the same key.',
    { retryAfterMs: 2_000, cause },
  );
}
