// The queue of a lane, worked by its owner: read what is ready, give each its turn, write the intents, call. Only the oldest
// unsettled message of a recipient goes; the others are taken out of what is ready and come back one by one as it is settled, so that
// a hundred thousand to one recipient cost the others nothing.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { createGroupCommit, type GroupCommit } from '../storage/group-commit.ts';
import { isConnectionLoss } from '../storage/db.ts';
import {
  intendRows,
  lanesWithReady,
  postpone,
  promote,
  readReady,
  type IntentRow,
  type Intended,
  type Ready,
} from './dispatch-store.ts';
import { nextTurn } from './next-turn.ts';

export interface Queue {
  /** Something may go in this lane. */
  wake(lane: Lane): void;
  /** The conversation's attempt is settled: it is free, and its next message becomes ready. */
  next(lane: Lane, conversation: string): void;
  /** Looks for what became ready without our knowing: accepted by another node, or due after a wait. */
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
  ready: Ready[];
  /** Ids that are in memory: read but not yet gone. */
  known: Set<string>;
  running: boolean;
  again: boolean;
  timer: Timer | undefined;
  /** Postponing and promoting go one after the other: a promotion must see what was put behind. */
  order: Promise<unknown>;
}

interface State {
  ctx: Context;
  parts: QueueParts;
  works: Map<string, Work>;
  intending: GroupCommit<IntentRow, Intended | null>;
  stopped: boolean;
}

interface Behind {
  organisationId: string;
  id: string;
  /** Until when; null: until another one of its conversation is settled. */
  until: number | null;
}

const READ_AHEAD = 64;
const FAR_MS = 60_000;
const NO_CALL_MS = 20;
const TRY_AGAIN_MS = 1_000;
const FOLLOWED_AT_ONCE = 500;

export function createQueue(ctx: Context, parts: QueueParts): Queue {
  const intending = createGroupCommit<IntentRow, Intended | null>({
    write: (rows) => intendRows(ctx.db, parts.nodeId, rows),
    maxRows: 500,
    parallel: 2,
  });
  const state: State = { ctx, parts, works: new Map(), intending, stopped: false };
  return {
    wake: (lane) => wake(state, lane),
    next(lane, conversation) {
      lane.busy.delete(conversation);
      if (lane.followed.has(conversation)) advance(state, lane, [conversation]);
      else if (workOf(state, lane).ready.length > 0) wake(state, lane);
    },
    look: () => look(state),
    quiet: (lane) => workOf(state, lane).order,
    forget(phoneNumberId) {
      state.works.get(phoneNumberId)?.timer?.cancel();
      state.works.delete(phoneNumberId);
    },
    stop() {
      state.stopped = true;
      for (const work of state.works.values()) work.timer?.cancel();
    },
    async drained() {
      await intending.drained();
      await Promise.all([...state.works.values()].map((work) => work.order));
    },
  };
}

async function look(state: State): Promise<void> {
  const all = [...state.parts.lanes.all()];
  const ids = all.map((lane) => lane.phoneNumberId);
  const due = new Set(await lanesWithReady(state.ctx.db, ids, state.ctx.clock.now()));
  for (const lane of all) {
    const waiting = [...lane.followed].filter((conversation) => !lane.busy.has(conversation));
    if (waiting.length > 0) advance(state, lane, waiting.slice(0, FOLLOWED_AT_ONCE));
    if (due.has(lane.phoneNumberId)) {
      lane.due = true;
      wake(state, lane);
    }
  }
}

function workOf(state: State, lane: Lane): Work {
  const present = state.works.get(lane.phoneNumberId);
  if (present) return present;
  const made: Work = {
    ready: [],
    known: new Set(),
    running: false,
    again: false,
    timer: undefined,
    order: Promise.resolve(),
  };
  state.works.set(lane.phoneNumberId, made);
  return made;
}

function wake(state: State, lane: Lane): void {
  const work = workOf(state, lane);
  if (work.running) work.again = true;
  else void pump(state, lane, work);
}

async function pump(state: State, lane: Lane, work: Work): Promise<void> {
  work.running = true;
  work.timer?.cancel();
  try {
    do {
      work.again = false;
      await read(state, lane, work);
      const behind = giveTurns(state, lane, work);
      lane.waiting = work.ready.length;
      if (behind.length > 0) putBehind(state, lane, behind);
    } while ((work.again || (lane.due && work.ready.length === 0)) && !state.stopped);
  } catch (error) {
    state.ctx.log.warn(
      { err: error, phoneNumberId: lane.phoneNumberId },
      'the queue could not be read; trying again',
    );
    wakeLater(state, lane, TRY_AGAIN_MS);
  } finally {
    work.running = false;
  }
}

async function read(state: State, lane: Lane, work: Work): Promise<void> {
  if (!lane.due || work.ready.length >= READ_AHEAD / 2) return;
  lane.due = false;
  state.parts.followPace(lane);
  const limit = READ_AHEAD + work.known.size;
  const wanted = { phoneNumberId: lane.phoneNumberId, now: state.ctx.clock.now(), limit };
  const rows = await readReady(state.ctx.db, wanted);
  if (rows.length === 0 && work.known.size === 0) lane.queued.fill(0);
  // A line was read to its limit: there is more behind.
  if ([0, 1, 2, 3].some((line) => rows.filter((row) => row.line === line).length === limit)) lane.due = true;
  const fresh = rows.filter((row) => !work.known.has(row.id));
  for (const row of fresh) work.known.add(row.id);
  work.ready = [...work.ready, ...fresh].toSorted((a, b) => a.line - b.line);
}

// Gives turns while there are places; returns what must wait behind another, or for a moment.
function giveTurns(state: State, lane: Lane, work: Work): Behind[] {
  const behind: Behind[] = [];
  while (work.ready.length > 0 && !state.stopped && !lane.leaving) {
    const now = state.ctx.clock.now();
    const waitMs = Math.max(
      lane.stoppedUntil - now,
      lane.pace.waitMs(now),
      state.parts.lanes.freeCalls() > 0 ? 0 : NO_CALL_MS,
    );
    if (waitMs > 0) {
      wakeLater(state, lane, Math.min(waitMs, FAR_MS));
      break;
    }
    const row = nextTurn(work.ready);
    if (!row) break;
    const { organisationId, id, conversation } = row;
    const pairMs = lane.pairs?.waitMs(conversation, now) ?? 0;
    const isBusy = lane.busy.has(conversation);
    if (isBusy) lane.followed.add(conversation);
    if (isBusy || pairMs > 0) {
      work.known.delete(id);
      behind.push({ organisationId, id, until: isBusy ? null : now + pairMs });
    } else void intend(state, lane, row);
  }
  return behind;
}

async function intend(state: State, lane: Lane, row: Ready): Promise<void> {
  const { lanes } = state.parts;
  const work = workOf(state, lane);
  const now = state.ctx.clock.now();
  lane.queued[row.line] = Math.max(0, (lane.queued[row.line] ?? 0) - 1);
  lane.busy.add(row.conversation);
  lane.pace.take(now);
  lane.pairs?.took(row.conversation, now);
  lanes.takeCall();
  const intent = { organisationId: row.organisationId, id: row.id, epoch: lane.epoch, at: now };
  try {
    const intended = await state.intending.add(intent);
    work.known.delete(row.id);
    if (intended) return state.parts.call(row, intended, intent);
    // Something stands before it that memory did not know, or it is not queued any more: it waits behind what there is.
    lanes.givePlaceBack(lane, row.conversation);
    lane.followed.add(row.conversation);
    const behind = [{ organisationId: row.organisationId, id: row.id, until: null }];
    putBehind(state, lane, behind);
  } catch (error) {
    state.ctx.log.warn({ err: error }, 'an intent could not be written');
    work.known.delete(row.id);
    lanes.givePlaceBack(lane, row.conversation);
    // Perhaps it was committed: nothing is called until the lanes are taken anew, which queues what was not called.
    if (isConnectionLoss(error)) void state.parts.renewLease().catch(() => undefined);
    lane.due = true;
    wakeLater(state, lane, TRY_AGAIN_MS);
  }
}

function advance(state: State, lane: Lane, conversations: string[]): void {
  inOrder(state, workOf(state, lane), async () => {
    const free = conversations.filter((conversation) => !lane.busy.has(conversation));
    if (free.length === 0) return;
    const { organisationId, phoneNumberId } = lane;
    const promoted = await promote(state.ctx.db, {
      organisationId,
      phoneNumberId,
      conversations: free,
      now: state.ctx.clock.now(),
    });
    const still = new Set(promoted);
    for (const conversation of free) if (!still.has(conversation)) lane.followed.delete(conversation);
    if (still.size === 0) return;
    lane.due = true;
    wake(state, lane);
  });
}

function putBehind(state: State, lane: Lane, behind: Behind[]): void {
  const { phoneNumberId, epoch } = lane;
  const ours = { phoneNumberId, epoch, owner: state.parts.nodeId };
  inOrder(state, workOf(state, lane), () => postpone(state.ctx.db, ours, behind));
}

function inOrder(state: State, work: Work, act: () => Promise<unknown>): void {
  work.order = work.order.then(act).catch((error: unknown) => {
    state.ctx.log.warn({ err: error }, 'the queue could not be changed; the next look repairs it');
  });
}

function wakeLater(state: State, lane: Lane, ms: number): void {
  const work = workOf(state, lane);
  work.timer?.cancel();
  if (!state.stopped) work.timer = state.ctx.clock.after(Math.max(1, ms), () => wake(state, lane));
}
