// The queue of a lane, worked by its owner: read what is ready, give each its turn, write the intents, call. Only the oldest
// unsettled message of a recipient goes; the others are taken out of what is ready and come back one by one as it is settled, so that
// a hundred thousand to one recipient cost the others nothing.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
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

export interface Queue {
  /** Something may go in this lane. */
  wake(lane: Lane): void;
  /** The conversation's attempt is settled: it is free, and its next message becomes ready. */
  next(lane: Lane, conversation: string): void;
  /** Looks for what became ready without our knowing: accepted by another node, or due after a wait. */
  look(): Promise<void>;
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

const READ_AHEAD = 64;
const FAR_MS = 60_000;

export function createQueue(ctx: Context, parts: QueueParts): Queue {
  const works = new Map<string, Work>();
  let stopped = false;
  const intending = createGroupCommit<IntentRow, Intended | null>({
    write: (rows) => intendRows(ctx.db, parts.nodeId, rows),
    maxRows: 500,
    parallel: 2,
  });

  function workOf(lane: Lane): Work {
    const present = works.get(lane.phoneNumberId);
    if (present) return present;
    const made: Work = {
      ready: [],
      known: new Set(),
      running: false,
      again: false,
      timer: undefined,
      order: Promise.resolve(),
    };
    works.set(lane.phoneNumberId, made);
    return made;
  }

  function wake(lane: Lane): void {
    const work = workOf(lane);
    if (work.running) work.again = true;
    else void pump(lane, work);
  }

  async function pump(lane: Lane, work: Work): Promise<void> {
    work.running = true;
    work.timer?.cancel();
    try {
      do {
        work.again = false;
        await read(lane, work);
        const behind = give(lane, work);
        lane.waiting = work.ready.length;
        if (behind.length > 0) inOrder(lane, work, () => postpone(ctx.db, behind));
      } while ((work.again || (lane.due && work.ready.length === 0)) && !stopped);
    } catch (error) {
      ctx.log.warn(
        { err: error, phoneNumberId: lane.phoneNumberId },
        'the queue could not be read; trying again',
      );
      later(lane, work, 1_000);
    } finally {
      work.running = false;
    }
  }

  async function read(lane: Lane, work: Work): Promise<void> {
    if (!lane.due || work.ready.length >= READ_AHEAD / 2) return;
    lane.due = false;
    parts.followPace(lane);
    const limit = READ_AHEAD + work.known.size;
    const rows = await readReady(ctx.db, { phoneNumberId: lane.phoneNumberId, now: ctx.clock.now(), limit });
    if (rows.length === 0 && work.known.size === 0) lane.queued.fill(0);
    const fresh = rows.filter((row) => !work.known.has(row.id));
    // A line was read to its limit: there is more behind.
    if ([0, 1, 2, 3].some((line) => rows.filter((row) => row.line === line).length === limit))
      lane.due = true;
    for (const row of fresh) work.known.add(row.id);
    work.ready = [...work.ready, ...fresh].toSorted((a, b) => a.line - b.line);
  }

  // Gives turns while there are places; returns what must wait behind another, or for a moment.
  function give(lane: Lane, work: Work): { organisationId: string; id: string; until: number | null }[] {
    const behind: { organisationId: string; id: string; until: number | null }[] = [];
    while (work.ready.length > 0 && !stopped) {
      const now = ctx.clock.now();
      const waitMs = Math.max(lane.stoppedUntil - now, lane.pace.waitMs(now));
      if (waitMs > 0) {
        later(lane, work, Math.min(waitMs, FAR_MS));
        break;
      }
      if (parts.lanes.freeCalls() <= 0) {
        later(lane, work, 20);
        break;
      }
      const row = take(work);
      if (!row) break;
      const pairMs = lane.pairs?.waitMs(row.conversation, now) ?? 0;
      if (lane.busy.has(row.conversation)) {
        lane.followed.add(row.conversation);
        forget(work, row);
        behind.push({ organisationId: row.organisationId, id: row.id, until: null });
      } else if (pairMs > 0) {
        forget(work, row);
        behind.push({ organisationId: row.organisationId, id: row.id, until: now + pairMs });
      } else intend(lane, work, row, now);
    }
    return behind;
  }

  function intend(lane: Lane, work: Work, row: Ready, now: number): void {
    lane.queued[row.line] = Math.max(0, (lane.queued[row.line] ?? 0) - 1);
    lane.busy.add(row.conversation);
    lane.pace.take(now);
    lane.pairs?.took(row.conversation, now);
    parts.lanes.takeCall();
    const intent = { organisationId: row.organisationId, id: row.id, epoch: lane.epoch, at: now };
    intending.add(intent).then(
      (intended) => {
        forget(work, row);
        if (intended) return parts.call(row, intended, intent);
        // Something stands before it that memory did not know, or it is not queued any more: it waits behind what there is.
        parts.lanes.givePlaceBack(lane, row.conversation);
        lane.followed.add(row.conversation);
        inOrder(lane, work, () =>
          postpone(ctx.db, [{ organisationId: row.organisationId, id: row.id, until: null }]),
        );
        return undefined;
      },
      (error: unknown) => {
        ctx.log.warn({ err: error }, 'an intent could not be written');
        forget(work, row);
        parts.lanes.givePlaceBack(lane, row.conversation);
        // Perhaps it was committed: nothing is called until the lanes are taken anew, which queues what was not called.
        if (isConnectionLoss(error)) void parts.renewLease().catch(() => undefined);
        lane.due = true;
        later(lane, work, 1_000);
      },
    );
  }

  function inOrder(lane: Lane, work: Work, act: () => Promise<unknown>): void {
    work.order = work.order.then(act).catch((error: unknown) => {
      ctx.log.warn(
        { err: error, phoneNumberId: lane.phoneNumberId },
        'the queue could not be changed; the next look repairs it',
      );
    });
  }

  function advance(lane: Lane, conversations: string[]): void {
    const work = workOf(lane);
    inOrder(lane, work, async () => {
      const free = conversations.filter((conversation) => !lane.busy.has(conversation));
      if (free.length === 0) return;
      const { organisationId, phoneNumberId } = lane;
      const still = new Set(
        await promote(ctx.db, { organisationId, phoneNumberId, conversations: free, now: ctx.clock.now() }),
      );
      for (const conversation of free) if (!still.has(conversation)) lane.followed.delete(conversation);
      if (still.size === 0) return;
      lane.due = true;
      wake(lane);
    });
  }

  function later(lane: Lane, work: Work, ms: number): void {
    work.timer?.cancel();
    if (!stopped) work.timer = ctx.clock.after(Math.max(1, ms), () => wake(lane));
  }

  return {
    wake,
    next(lane, conversation) {
      lane.busy.delete(conversation);
      if (lane.followed.has(conversation)) advance(lane, [conversation]);
      else if (workOf(lane).ready.length > 0) wake(lane);
    },
    async look() {
      const all = [...parts.lanes.all()];
      const due = new Set(
        await lanesWithReady(
          ctx.db,
          all.map((lane) => lane.phoneNumberId),
          ctx.clock.now(),
        ),
      );
      for (const lane of all) {
        const waiting = [...lane.followed].filter((conversation) => !lane.busy.has(conversation));
        if (waiting.length > 0) advance(lane, waiting.slice(0, 500));
        if (due.has(lane.phoneNumberId)) {
          lane.due = true;
          wake(lane);
        }
      }
    },
    stop() {
      stopped = true;
      for (const work of works.values()) work.timer?.cancel();
    },
    async drained() {
      await intending.drained();
      await Promise.all([...works.values()].map((work) => work.order));
    },
  };
}

// Weighted turns, so that no line starves: of 16 turns the best line has the most, and each other one its share.
const WEIGHTS = [16, 8, 4, 1];
let turns = 0;

function take(work: Work): Ready | undefined {
  turns = (turns + 1) % 1_000_000;
  const lines = [...new Set(work.ready.map((row) => row.line))];
  const favoured = lines.length > 1 ? pick(lines, turns) : lines[0];
  const at = work.ready.findIndex((row) => row.line === favoured);
  return at < 0 ? work.ready.shift() : work.ready.splice(at, 1)[0];
}

function pick(lines: readonly number[], turn: number): number | undefined {
  const sum = lines.reduce((total, line) => total + (WEIGHTS[line] ?? 1), 0);
  let place = (turn * 7) % sum;
  for (const line of lines) {
    place -= WEIGHTS[line] ?? 1;
    if (place < 0) return line;
  }
  return lines[0];
}

function forget(work: Work, row: Ready): void {
  work.known.delete(row.id);
}
