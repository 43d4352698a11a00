// Followers: messages that stand behind another one of their conversation. They are not ready in the table, so that a long line to one
// recipient costs the others nothing; the lane's owner makes the next one ready when the one before it is settled.
import type { Context } from '../context.ts';
import { stepBehind, type Lane } from '../lanes/lane.ts';
import { levelOf } from '../storage/db.ts';
import { postpone, promote, takeUp, type Ready } from './dispatch-store.ts';

export interface Followers {
  /** A lane that was taken: who stands behind whom is found out, and what is stranded is made ready. */
  takeUp(lane: Lane): void;
  /** Takes messages out of what is ready. */
  putBehind(lane: Lane, behind: readonly Behind[]): Promise<unknown>;
  /** Makes the next message of conversations ready that are free. */
  advance(lane: Lane, conversations: readonly string[]): void;
  /** Advances what another node may have freed without our knowing. */
  look(lane: Lane): void;
  /** Resolves when nothing of the lane is being changed. */
  quiet(lane: Lane): Promise<unknown>;
  forget(phoneNumberId: string): void;
  drained(): Promise<unknown>;
}

export interface Behind {
  organisationId: string;
  id: string;
  /** Until when; null: until another one of its conversation is settled. */
  until: number | null;
}

export interface FollowersParts {
  nodeId: string;
  isOurs: (lane: Lane) => boolean;
  /** These are ready now. */
  ready: (lane: Lane, rows: readonly Ready[]) => void;
  /** Something may be ready in the table. */
  due: (lane: Lane) => void;
}

interface Order {
  /** Conversations that were freed and whose next message is still to be made ready. */
  freed: Set<string>;
  /** Putting behind and making ready go one after the other: the one must see what the other did. */
  last: Promise<unknown>;
  /** When to walk over what stands in the table: when it was taken, and once more, because a statement of its former owner may have
   *  been under way. */
  walks: number[];
  walking: Promise<void>;
}

interface State {
  ctx: Context;
  parts: FollowersParts;
  orders: Map<string, Order>;
}

/** Conversations in one statement of a walk. */
const WALKED_AT_ONCE = 2_000;
/** Followed conversations that are looked at in one tick. */
const LOOKED_AT = 200;
/** Beyond the time that any statement is given. */
const STATEMENTS_END_MS = 40_000;

export function createFollowers(ctx: Context, parts: FollowersParts): Followers {
  const state: State = { ctx, parts, orders: new Map() };
  return {
    takeUp(lane) {
      const now = ctx.clock.monotonic();
      orderOf(state, lane).walks = [now, now + STATEMENTS_END_MS];
      walkWhenDue(state, lane);
    },
    putBehind(lane, behind) {
      const { phoneNumberId, epoch } = lane;
      const ours = { phoneNumberId, epoch, owner: parts.nodeId };
      return inOrder(state, lane, () => postpone(ctx.db, ours, behind));
    },
    advance: (lane, conversations) => advance(state, lane, conversations),
    look(lane) {
      advance(state, lane, freeOf(lane));
      walkWhenDue(state, lane);
    },
    quiet: (lane) => orderOf(state, lane).last,
    forget: (phoneNumberId) => void state.orders.delete(phoneNumberId),
    drained: () => Promise.all([...state.orders.values()].flatMap((order) => [order.last, order.walking])),
  };
}

function orderOf(state: State, lane: Lane): Order {
  const present = state.orders.get(lane.phoneNumberId);
  if (present) return present;
  const made = { freed: new Set<string>(), last: Promise.resolve(), walks: [], walking: Promise.resolve() };
  state.orders.set(lane.phoneNumberId, made);
  return made;
}

function inOrder(state: State, lane: Lane, act: () => Promise<unknown>): Promise<unknown> {
  const order = orderOf(state, lane);
  const acted = order.last.then(act);
  order.last = acted.catch(() => undefined);
  return acted;
}

// Whatever is freed while a statement is under way goes into the next one.
function advance(state: State, lane: Lane, conversations: readonly string[]): void {
  const { freed } = orderOf(state, lane);
  const isAsked = freed.size > 0;
  for (const conversation of conversations) freed.add(conversation);
  if (isAsked || freed.size === 0) return;
  inOrder(state, lane, () => promoteFreed(state, lane, freed)).catch((error: unknown) =>
    missed(state, error),
  );
}

async function promoteFreed({ ctx, parts }: State, lane: Lane, freed: Set<string>): Promise<void> {
  const free = [...freed].filter((conversation) => !lane.busy.has(conversation));
  freed.clear();
  if (free.length === 0 || !parts.isOurs(lane)) return;
  const { organisationId, phoneNumberId } = lane;
  const steps = free.map((conversation) => lane.followed.get(conversation));
  const now = ctx.clock.now();
  const found = await promote(ctx.db, { organisationId, phoneNumberId, conversations: free, now });
  for (const [i, conversation] of free.entries()) {
    const unchanged = lane.followed.get(conversation) === steps[i];
    if (unchanged && !found.open.has(conversation)) lane.followed.delete(conversation);
  }
  parts.ready(lane, found.ready);
}

// Another node may have settled or withdrawn what they stand behind. Some of them each time, in turn.
function freeOf(lane: Lane): string[] {
  const free: string[] = [];
  let left = Math.min(LOOKED_AT, lane.followed.size);
  for (const [conversation, step] of lane.followed) {
    if (left-- === 0) break;
    // To the end of the order.
    lane.followed.delete(conversation);
    lane.followed.set(conversation, step);
    if (!lane.busy.has(conversation)) free.push(conversation);
  }
  return free;
}

// Beside all else: of a million recipients it takes its time. Who is settled meanwhile is found in `followed` later, or stands there no more.
function walkWhenDue(state: State, lane: Lane): void {
  const order = orderOf(state, lane);
  const [at = Infinity, ...later] = order.walks;
  if (state.ctx.clock.monotonic() < at) return;
  order.walks = later;
  order.walking = walk(state, lane).catch((error: unknown) => {
    order.walks = [at, ...later];
    missed(state, error);
  });
}

async function walk({ ctx, parts }: State, lane: Lane): Promise<void> {
  const { organisationId, phoneNumberId } = lane;
  let after: string | undefined = '';
  while (after !== undefined && parts.isOurs(lane)) {
    const from = { organisationId, phoneNumberId, now: ctx.clock.now(), after, limit: WALKED_AT_ONCE };
    const { followed, last } = await takeUp(ctx.db, from);
    for (const conversation of followed) stepBehind(lane, conversation);
    parts.due(lane);
    after = last;
  }
}

function missed(state: State, error: unknown): void {
  state.ctx.log[levelOf(error)]({ err: error }, 'the queue could not be changed; a later look repairs it');
}
