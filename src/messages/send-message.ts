// Send: accept, then wait for Meta's answer as long as the caller does. A repeat with the same key attaches to the message of the
// first call: it waits as that would, and is answered alike.
import type { Context } from '../context.ts';
import type { WindowLookUp } from '../conversations/look-up-window.ts';
import { windowIsOpen } from '../conversations/window.ts';
import type { IdempotencyKey, KeyLookUp } from '../idempotency/idempotency-key.ts';
import { KurirError, type Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { createRareWarning } from '../kernel/log.ts';
import type { Backlog } from '../lanes/backlog.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { AwaitedMessage, News } from '../lanes/waiters.ts';
import type { Uploads } from '../media/uploads.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { isOutage } from '../storage/db.ts';
import { createGroupCommit, type GroupCommit } from '../storage/group-commit.ts';
import { writeFailures, type FailureParts } from './tell-failures.ts';
import type { Accepter } from './accept-message.ts';
import { closedWindow } from './require-window.ts';
import {
  endOwed,
  findMessage,
  keepFirstAnswers,
  readLastInbound,
  readNews,
  type OwedEnd,
} from './message-store.ts';
import { withMetaIds } from './with-meta-ids.ts';
import {
  lineOf,
  OWED_ENDS,
  RANKS,
  WIRE_STATUSES,
  wireStatus,
  type Message,
  type Priority,
  type WireStatus,
} from './message.ts';

export interface SendInput {
  organisationId: OrganisationId;
  number: BusinessNumber;
  message: OutboundMessage;
  idempotency: IdempotencyKey | undefined;
  priority: Priority;
  expiresInMs: number;
  /** How long the caller waits; 0: not at all. */
  waitMs: number;
  /** The dialect owes a wamid: what has not left when the wait ends is withdrawn. */
  owed: boolean;
  /** Takes from the organisation's budget, or throws; and gives back when it was a replay. */
  budget: { take: () => void; giveBack: () => void };
}

export interface Sent {
  id: string;
  conversationId: string;
  createdAt: Date;
  status: WireStatus;
  /** It did not leave in time and was withdrawn: a wamid was owed. */
  withdrawn: boolean;
  wamid: string | null;
  failure: Failure | null;
  replayed: boolean;
}

export interface Sender {
  send(input: SendInput): Promise<Sent>;
  drained(): Promise<void>;
}

export interface SenderParts extends FailureParts {
  accepter: Accepter;
  keys: KeyLookUp;
  lanes: Lanes;
  backlog: Backlog;
  windows: WindowLookUp;
  /** Whether the disk of the database is nearly full. */
  diskIsLow: () => boolean;
  uploads: Uploads;
}

/** A little beyond Meta's time-out: when a call is under way, its end is near. */
const CALL_ENDS = 1.15;

interface State {
  ctx: Context;
  parts: SenderParts;
  answering: GroupCommit<FirstAnswer, void>;
  /** Sends that wait for Meta's answer. */
  waiting: number;
  warnOfWaiting: () => void;
}

interface FirstAnswer {
  organisationId: string;
  id: string;
  status: WireStatus;
}

interface Wait {
  waitMs: number;
  /** Wait for Meta's first word by webhook: our record says that the window is closed. */
  firstStatus: boolean;
  owed: boolean;
  /** The caller repeats an earlier call. */
  repeat: boolean;
  /** It has waited for the first call's wait, too. */
  again?: boolean;
}

export function createSender(ctx: Context, parts: SenderParts): Sender {
  const answering = createGroupCommit<FirstAnswer, void>({
    write: async (rows) => {
      await keepFirstAnswers(ctx.db, rows);
      return rows.map(() => undefined);
    },
    maxRows: 500,
  });
  const warnOfWaiting = createRareWarning(
    ctx,
    'as many sends wait for Meta as may: further ones do not wait',
  );
  const state: State = { ctx, parts, answering, waiting: 0, warnOfWaiting };
  return { send: (input) => sendWaiting(state, input), drained: () => answering.drained() };
}

// Whoever need not wait does not where too many do; who must, because a wamid is owed, is refused (refusalOf).
async function sendWaiting(state: State, input: SendInput): Promise<Sent> {
  if (input.waitMs === 0) return send(state, input);
  if (state.waiting >= state.ctx.config.waitingMax) {
    state.warnOfWaiting();
    if (!input.owed) return send(state, { ...input, waitMs: 0 });
  }
  state.waiting++;
  return send(state, input).finally(() => state.waiting--);
}

async function send(state: State, input: SendInput): Promise<Sent> {
  const { parts } = state;
  const closed = input.number.windowCheck ? await closedWindow(state.ctx, parts.windows, input) : undefined;
  const refusal = closed ?? refusalOf(state, input);
  const named = refusal ?? withMetaIds(state.ctx.db, parts.uploads, input);
  const said = named instanceof Promise ? await named : named;
  if (said instanceof KurirError) {
    // A replay passes what depends on state: look whether it is one before saying no.
    const id = input.idempotency && (await parts.keys.find(input.organisationId, input.idempotency));
    if (id === undefined) throw said;
    if (!refusal) input.budget.giveBack();
    return replay(state, input, id);
  }
  const line = lineOf(input.priority, input.waitMs > 0);
  const tooLong = !input.owed && parts.backlog.waitMs(input.number, line) > input.waitMs;
  const waitMs = tooLong ? 0 : input.waitMs;
  const { organisationId, number, idempotency, priority } = input;
  const accepted = await parts.accepter.accept({
    organisationId,
    number,
    message: said,
    idempotency,
    priority,
    waits: waitMs > 0,
    expiresInMs: input.expiresInMs,
    owedForMs: input.owed ? waitMs : null,
  });
  if (accepted.kind === 'replayed') {
    input.budget.giveBack();
    return replay(state, input, accepted.id);
  }
  if (waitMs === 0 && !input.owed) return toSent(accepted, undefined, input);
  const message = awaited(state, input, { id: accepted.id, repeated: false });
  const firstStatus = !input.owed && input.message.freeForm && !accepted.windowOpen;
  const news = await awaitNews(state, message, { waitMs, firstStatus, owed: input.owed, repeat: false });
  const sent = toSent(accepted, news, input);
  // What progress told is written down with it; any other answer must be before it leaves, or a repeat may hear another.
  if (idempotency && !input.owed && !news?.firstAnswer)
    await keepAnswer(state, { ...message, status: sent.status });
  return sent;
}

function awaited(
  state: State,
  input: SendInput,
  message: Pick<AwaitedMessage, 'id' | 'repeated'>,
): AwaitedMessage {
  const ours = state.parts.lanes.get(input.number.phoneNumberId) !== undefined;
  return { ...message, organisationId: input.organisationId, ours };
}

async function awaitNews(state: State, message: AwaitedMessage, wait: Wait): Promise<News | undefined> {
  const { waiters } = state.parts.lanes;
  const enough = (news: News): boolean => isEnough(news, wait);
  const news = wait.waitMs > 0 ? await waiters.wait(message, enough, wait.waitMs) : undefined;
  if (news) return news;
  if (!wait.owed) return wait.waitMs > 0 ? present(state, message) : undefined;
  const end = await endWait(state, message, wait);
  if (end.kind === 'ended') return withdrawn(end.failure);
  if (end.kind === 'owed') return awaitFirst(state, message, { ...wait, waitMs: end.forMs });
  // The call has begun, or is over: its end is near.
  const ended = await waiters.wait(
    message,
    (late) => answers(late) || late.state === 'unknown',
    state.ctx.config.times.callTimeoutMs * CALL_ENDS,
  );
  if (ended) return ended;
  // The database may be back by now: what was not called then will not be.
  const late = end.kind === 'away' ? await endWait(state, message, wait) : end;
  return late.kind === 'ended' ? withdrawn(late.failure) : present(state, message);
}

// Where the database is away nobody can say that nothing has left: it is as if the call had begun.
async function endWait(
  state: State,
  message: AwaitedMessage,
  wait: Wait,
): Promise<OwedEnd | { kind: 'away' }> {
  try {
    return await writeFailures(state.ctx, state.parts, {
      organisationIds: [message.organisationId],
      write: (db) => endOwed(db, { ...message, repeat: wait.repeat }, OWED_ENDS),
      failed: (end) => (end.kind === 'ended' ? [{ ...message, failure: end.failure }] : []),
    });
  } catch (error) {
    if (isOutage(error)) return { kind: 'away' };
    throw error;
  }
}

function withdrawn(failure: Failure): News {
  return { state: 'failed', mayHaveLeft: false, wamid: null, failure };
}

// A repeat whose own wait is over before that of the first call: whatever ends that one answers both. Once more, and not for ever:
// waits are over at once when the gateway stops.
async function awaitFirst(state: State, message: AwaitedMessage, wait: Wait): Promise<News | undefined> {
  if (!wait.again) return awaitNews(state, message, { ...wait, again: true });
  throw new KurirError(
    'service_unavailable',
    'The message still waits to be sent: repeat with the same key.',
    {
      retryAfterMs: 1_000,
    },
  );
}

/** What is known of an accepted message while the database does not say. */
const MAY_HAVE_LEFT: News = { state: 'unknown', mayHaveLeft: true, wamid: null, failure: null };

async function present(state: State, message: AwaitedMessage): Promise<News | undefined> {
  const [row] = await readNews(state.ctx.db, [message]).catch(() => [MAY_HAVE_LEFT]);
  return row;
}

async function replay(state: State, input: SendInput, id: string): Promise<Sent> {
  const message = awaited(state, input, { id, repeated: true });
  const stored = await findMessage(state.ctx.db, input.organisationId, { id });
  if (!stored)
    throw new KurirError(
      'service_unavailable',
      'The message of this key is not there any more: use a new key.',
    );
  const [before] = await readNews(state.ctx.db, [message]);
  const news = await newsForReplay(state, input, { message, stored, before });
  return { ...toSent(stored, news, input), replayed: true };
}

// What is known already, or what comes within the wait: the first call would have waited for the same.
async function newsForReplay(
  state: State,
  input: SendInput,
  { message, stored, before }: { message: AwaitedMessage; stored: Message; before: News | undefined },
): Promise<News | undefined> {
  const { organisationId, owed, waitMs } = input;
  if (before && firstAnswerOf(before, owed)) return before;
  const firstStatus =
    !owed &&
    input.message.freeForm &&
    !windowIsOpen(await readLastInbound(state.ctx.db, organisationId, stored.id), stored.createdAt.getTime());
  const settled = before && (isEnough(before, { firstStatus }) || (owed && before.state === 'unknown'));
  return settled ? before : awaitNews(state, message, { waitMs, firstStatus, owed, repeat: true });
}

async function keepAnswer(state: State, answer: FirstAnswer): Promise<void> {
  try {
    await state.answering.add(answer);
  } catch (error) {
    state.ctx.log.debug({ err: error }, 'a first answer was not kept');
  }
}

// What depends on state, budget last.
function refusalOf(state: State, input: SendInput): KurirError | undefined {
  const { number } = input;
  if (!maySend(state, number)) {
    const why = number.statusReason ?? `its status is ${number.status}`;
    return new KurirError(
      'account_not_connected',
      `The number ${number.phoneNumberId} cannot send now: ${why}`,
      { param: 'phone_number_id' },
    );
  }
  if (state.parts.diskIsLow()) return notNow('The disk of the database is nearly full');
  if (input.owed && state.waiting > state.ctx.config.waitingMax)
    return notNow('Too many requests wait for Meta’s answer');
  try {
    state.parts.backlog.requireRoom(number);
    input.budget.take();
    return undefined;
  } catch (error) {
    if (error instanceof KurirError) return error;
    throw error;
  }
}

function notNow(why: string): KurirError {
  return new KurirError(
    'service_unavailable',
    `${why}: nothing was stored. Repeat the request with the same key.`,
    { retryAfterMs: 2_000 },
  );
}

function isEnough(news: News, wait: Pick<Wait, 'firstStatus'>): boolean {
  return wait.firstStatus ? rankOf(news) > RANKS.pending : answers(news);
}

// A number that Meta made us stop is tried again now and then, by whatever comes next: an accepted message connects it again.
function maySend(state: State, number: BusinessNumber): boolean {
  if (number.status === 'connected') return true;
  return number.status === 'degraded' && state.parts.lanes.stoppedMs(number.phoneNumberId) === 0;
}

function answers(news: News): boolean {
  return rankOf(news) >= RANKS.pending;
}

function rankOf(news: News): number {
  switch (news.state) {
    case 'pending':
      return RANKS.pending;
    case 'sent':
    case 'failed':
    case 'delivered':
    case 'read':
      return RANKS[news.state];
    default:
      return RANKS.open;
  }
}

type Stored = Pick<Sent, 'id' | 'conversationId' | 'createdAt'>;

function toSent(message: Stored, news: News | undefined, { owed }: Pick<SendInput, 'owed'>): Sent {
  const sent = presentOf(message, news);
  const first = news && firstAnswerOf(news, owed);
  if (!first) return sent;
  return { ...sent, status: first, failure: null, wamid: first === 'queued' ? null : sent.wamid };
}

// A failure is told as it stands: its reason is kept with the message. Who is owed a wamid is told that, not a status.
function firstAnswerOf(news: News, owed: boolean): WireStatus | undefined {
  if (owed || news.firstAnswer === 'failed') return undefined;
  return WIRE_STATUSES.find((status) => status === news.firstAnswer);
}

function presentOf(message: Stored, news: News | undefined): Sent {
  const failed = news?.state === 'failed';
  return {
    id: message.id,
    conversationId: message.conversationId,
    createdAt: message.createdAt,
    status: news ? wireStatus(news.state, news.mayHaveLeft) : 'queued',
    withdrawn: failed && news.failure?.code === 'withdrawn',
    wamid: news?.wamid ?? null,
    failure: failed ? news.failure : null,
    replayed: false,
  };
}
