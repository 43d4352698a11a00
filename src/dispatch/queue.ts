// The queue of a lane, worked by its owner: read what is ready, give each its turn, write the intents, call. Only the oldest
// unsettled message of a recipient goes; the others are not in what is ready, or are taken out of it, and come back one by one as it is
// settled, so that a hundred thousand to one recipient cost the others nothing.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { allDue, stepBehind, type Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { createGroupCommit, type GroupCommit } from '../storage/group-commit.ts';
import { isConnectionLoss, levelOf } from '../storage/db.ts';
import {
  intendRows,
  linesWithReady,
  readReady,
  type IntentRow,
  type Intended,
  type Ready,
} from './dispatch-store.ts';
import { createFollowers, type Behind, type Followers } from './followers.ts';
import { createHurry, type Hurried, type Hurry } from './hurry.ts';
import { createTurns, type Turns } from './next-turn.ts';

export interface Queue {
  /** A lane that was taken: what stands in its table goes on. */
  takeUp(lane: Lane): void;
  /** Something may go in this lane. */
  wake(lane: Lane): void;
  /** A message was accepted behind another one to its recipient. */
  behind(lane: Lane, message: Hurried): void;
  /** Something of this lane becomes ready then. */
  readyAt(lane: Lane, at: number): void;
  /** The conversation's attempt is settled: it is free, and its next message becomes ready. */
  next(lane: Lane, conversation: string): void;
  /** Looks for what became ready without our knowing: accepted by another node, or freed by one. */
  look(): Promise<void>;
  /** Resolves when nothing of the lane is being changed in the table. */
  quiet(lane: Lane): Promise<unknown>;
  /** The lane is no longer ours: what was read of it is forgotten. */
  forget(phoneNumberId: string): void;
  stop(): void;
  drained(): Promise<void>;
}

export interface QueueParts {
  lanes: Lanes;
  nodeId: string;
  call: (ready: Ready, intended: Intended, intent: IntentRow) => void;
  renewLease: () => Promise<void>;
  /** Follows a change of the number's pace. */
  followPace: (lane: Lane) => void;
}

/** What a lane's queue has in memory. */
interface Work {
  readonly lane: Lane;
  turns: Turns;
  /** Ids that are in memory: read but not yet gone. */
  known: Set<string>;
  /** How many of a line are read at once: more, while they all stand behind others and are only put aside. */
  ahead: number;
  running: boolean;
  again: boolean;
  timer: Timer | undefined;
  /** When the next one that waits for its moment is ready, as far as we know. */
  due: { at: number; timer: Timer } | undefined;
}

interface State {
  ctx: Context;
  parts: QueueParts;
  works: Map<string, Work>;
  intending: GroupCommit<IntentRow, Intended | null>;
  followers: Followers;
  hurry: Hurry;
  stopped: boolean;
}

/** Of each line. */
const READ_AHEAD = 64;
const READ_AHEAD_MAX = 2_048;
const FAR_MS = 60_000;
const NO_CALL_MS = 20;
const TRY_AGAIN_MS = 1_000;

export function createQueue(ctx: Context, parts: QueueParts): Queue {
  const intending = createGroupCommit<IntentRow, Intended | null>({
    write: (rows) => intendRows(ctx.db, parts.nodeId, rows),
    maxRows: 500,
    parallel: 2,
  });
  const followers = createFollowers(ctx, {
    nodeId: parts.nodeId,
    isOurs: (lane) => isOurs(state, lane),
    ready(lane, rows) {
      const work = workOf(state, lane);
      for (const row of rows) put(work, row);
      if (work.turns.size > 0) wake(state, lane);
    },
    due(lane) {
      allDue(lane);
      wake(state, lane);
    },
  });
  const hurry = createHurry(ctx, (lane, rows) => moved(state, lane, rows));
  const state: State = { ctx, parts, works: new Map(), intending, followers, hurry, stopped: false };
  return {
    takeUp(lane) {
      followers.takeUp(lane);
      wake(state, lane);
    },
    wake: (lane) => wake(state, lane),
    behind: (lane, message) => hurry.behind(lane, message),
    readyAt: (lane, at) => readyAt(state, lane, at),
    next(lane, conversation) {
      lane.busy.delete(conversation);
      if (lane.followed.has(conversation)) followers.advance(lane, [conversation]);
      else if (workOf(state, lane).turns.size > 0) wake(state, lane);
    },
    look: () => look(state),
    quiet: (lane) => followers.quiet(lane),
    forget(phoneNumberId) {
      const work = state.works.get(phoneNumberId);
      if (work) rest(work);
      state.works.delete(phoneNumberId);
      followers.forget(phoneNumberId);
    },
    stop() {
      state.stopped = true;
      for (const work of state.works.values()) rest(work);
    },
    async drained() {
      await intending.drained();
      await hurry.drained();
      await followers.drained();
    },
  };
}

async function look(state: State): Promise<void> {
  const lanes = new Map([...state.parts.lanes.all()].map((lane) => [lane.phoneNumberId, lane]));
  for (const { phoneNumberId, line } of await linesWithReady(
    state.ctx.db,
    [...lanes.keys()],
    state.ctx.clock.now(),
  ))
    lanes.get(phoneNumberId)?.due.add(line);
  for (const lane of lanes.values()) {
    state.followers.look(lane);
    if (lane.due.size > 0) wake(state, lane);
  }
}

function workOf(state: State, lane: Lane): Work {
  const present = state.works.get(lane.phoneNumberId);
  if (present?.lane === lane) return present;
  const made: Work = {
    lane,
    turns: createTurns(),
    known: new Set(),
    ahead: READ_AHEAD,
    running: false,
    again: false,
    timer: undefined,
    due: undefined,
  };
  state.works.set(lane.phoneNumberId, made);
  return made;
}

function isOurs(state: State, lane: Lane): boolean {
  return state.parts.lanes.get(lane.phoneNumberId) === lane;
}

function wake(state: State, lane: Lane): void {
  if (!isOurs(state, lane)) return;
  const work = workOf(state, lane);
  if (work.running) work.again = true;
  else void pump(state, work);
}

async function pump(state: State, work: Work): Promise<void> {
  const { lane } = work;
  work.running = true;
  work.timer?.cancel();
  try {
    do {
      work.again = false;
      await read(state, work);
      const behind = giveTurns(state, work);
      lane.waiting = work.turns.size;
      work.ahead = behind.length >= READ_AHEAD / 2 ? Math.min(READ_AHEAD_MAX, 2 * work.ahead) : READ_AHEAD;
      // Waited for, or the next read would find them again.
      if (behind.length > 0) await state.followers.putBehind(lane, behind);
    } while ((work.again || shortLines(work).length > 0) && !state.stopped && isOurs(state, lane));
  } catch (error) {
    state.ctx.log[levelOf(error)](
      { err: error, phoneNumberId: lane.phoneNumberId },
      'the queue could not be read or changed; trying again',
    );
    allDue(lane);
    wakeLater(state, work, TRY_AGAIN_MS);
  } finally {
    work.running = false;
  }
}

/** Lines in which more may be ready than is in memory, and little is left of that. */
function shortLines(work: Work): number[] {
  return [...work.lane.due].filter((line) => work.turns.inLine(line) < READ_AHEAD / 2);
}

async function read(state: State, work: Work): Promise<void> {
  const { lane } = work;
  const lines = shortLines(work);
  if (lines.length === 0) return;
  for (const line of lines) lane.due.delete(line);
  state.parts.followPace(lane);
  const limit = work.ahead + work.known.size;
  const rows = await readReady(state.ctx.db, { phoneNumberId: lane.phoneNumberId, lines, limit });
  const now = state.ctx.clock.now();
  const counts = new Map<number, number>();
  for (const row of rows) {
    if (row.readyAt > now) {
      readyAt(state, lane, row.readyAt);
      continue;
    }
    const count = (counts.get(row.line) ?? 0) + 1;
    counts.set(row.line, count);
    // Read to its limit: there is more behind.
    if (count === limit) lane.due.add(row.line);
    put(work, row);
  }
}

function put(work: Work, row: Ready): void {
  if (work.known.has(row.id)) return;
  work.known.add(row.id);
  work.turns.put(row);
}

// In another line now: in memory too, where it is there; else it is read.
function moved(state: State, lane: Lane, rows: readonly Ready[]): void {
  if (rows.length === 0 || !isOurs(state, lane)) return;
  const work = workOf(state, lane);
  for (const row of rows) {
    if (work.turns.take(row.id)) work.turns.put(row);
    else lane.due.add(row.line);
  }
  wake(state, lane);
}

// Gives turns while there are places; returns what must wait behind another, or for a moment.
function giveTurns(state: State, work: Work): Behind[] {
  const { lane } = work;
  const behind: Behind[] = [];
  while (work.turns.size > 0 && !state.stopped && !lane.leaving) {
    const now = state.ctx.clock.monotonic();
    const waitMs = Math.max(
      lane.stoppedUntil - now,
      lane.pace.waitMs(now),
      mayBegin(state, lane) ? 0 : NO_CALL_MS,
    );
    if (waitMs > 0) {
      wakeLater(state, work, Math.min(waitMs, FAR_MS));
      break;
    }
    const row = work.turns.next();
    if (!row) break;
    const { organisationId, id, conversation } = row;
    const pairMs = lane.pairs?.waitMs(conversation, now) ?? 0;
    const isBusy = lane.busy.has(conversation);
    if (isBusy || pairMs > 0) {
      stepBehind(lane, conversation);
      work.known.delete(id);
      const until = isBusy ? null : state.ctx.clock.now() + Math.ceil(pairMs);
      if (until !== null) readyAt(state, lane, until);
      behind.push({ organisationId, id, until });
      state.hurry.behind(lane, row);
    } else void intend(state, work, row);
  }
  return behind;
}

// A number that was stopped tries with one message whether Meta takes again.
function mayBegin(state: State, lane: Lane): boolean {
  return state.parts.lanes.freeCalls() > 0 && (lane.stops === 0 || lane.busy.size === 0);
}

async function intend(state: State, work: Work, row: Ready): Promise<void> {
  const { lanes } = state.parts;
  const { lane } = work;
  const now = state.ctx.clock.monotonic();
  lane.queued[row.line] = Math.max(0, (lane.queued[row.line] ?? 0) - 1);
  lane.busy.add(row.conversation);
  lane.pace.take(now);
  lane.pairs?.took(row.conversation, now);
  lanes.takeCall();
  const intent = {
    organisationId: row.organisationId,
    id: row.id,
    epoch: lane.epoch,
    at: state.ctx.clock.now(),
  };
  try {
    const intended = await state.intending.add(intent);
    work.known.delete(row.id);
    if (intended) return state.parts.call(row, intended, intent);
    // Something stands before it that memory did not know, or it is not queued any more: it waits behind what there is.
    lanes.givePlaceBack(lane, row.conversation);
    if (!isOurs(state, lane)) return;
    stepBehind(lane, row.conversation);
    state.hurry.behind(lane, row);
    const behind = [{ organisationId: row.organisationId, id: row.id, until: null }];
    state.followers
      .putBehind(lane, behind)
      .catch((cause: unknown) =>
        state.ctx.log[levelOf(cause)](
          { err: cause },
          'the queue could not be changed; the next look repairs it',
        ),
      );
  } catch (error) {
    state.ctx.log[levelOf(error)]({ err: error }, 'an intent could not be written');
    work.known.delete(row.id);
    lanes.givePlaceBack(lane, row.conversation);
    // Perhaps it was committed: nothing is called until the lanes are taken anew, which queues what was not called.
    if (isConnectionLoss(error)) void state.parts.renewLease().catch(() => undefined);
    lane.due.add(row.line);
    wakeLater(state, work, TRY_AGAIN_MS);
  }
}

function readyAt(state: State, lane: Lane, at: number): void {
  if (state.stopped || !isOurs(state, lane)) return;
  const work = workOf(state, lane);
  if (work.due && work.due.at <= at) return;
  work.due?.timer.cancel();
  const timer = state.ctx.clock.after(Math.max(1, at - state.ctx.clock.now()), () => {
    work.due = undefined;
    allDue(lane);
    wake(state, lane);
  });
  work.due = { at, timer };
}

function wakeLater(state: State, work: Work, ms: number): void {
  work.timer?.cancel();
  if (!state.stopped) work.timer = state.ctx.clock.after(Math.max(1, ms), () => wake(state, work.lane));
}

function rest(work: Work): void {
  work.timer?.cancel();
  work.due?.timer.cancel();
}
