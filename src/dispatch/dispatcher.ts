// The dispatcher: the queue, the calls and the watch of the lanes this node owns, and what a change of ownership means to them.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import type { HeldLane } from '../lanes/lane-store.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Lease, LeaseEvents } from '../lanes/lease.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { Progresser } from '../messages/progress-message.ts';
import type { MetaClient } from '../meta/client.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { createCaller } from './dispatch.ts';
import { openConversations, requeueUncalled } from './dispatch-store.ts';
import { createQueue } from './queue.ts';
import { createSettler } from './settle.ts';
import { createWatch } from './watch.ts';

export interface Dispatch extends LeaseEvents {
  /** Looks for what is due, once; a test calls it instead of waiting. */
  tick(): Promise<void>;
  start(): void;
  /** Begins nothing new and lets what is under way end, for at most `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

export interface DispatchParts {
  lanes: Lanes;
  lease: () => Lease;
  meta: MetaClient;
  progresser: Progresser;
  nodeId: string;
  tokenKey: Buffer;
  numbers: NumberDirectory;
}

const TICK_MS = 500;
const FORMER_CALLS_MS = 30_000;
const OWN_CALLS_MS = 20_000;

export function createDispatch(ctx: Context, parts: DispatchParts): Dispatch {
  const { lanes, numbers } = parts;
  /** Lanes we own whose number is not known yet: it was connected a moment ago. */
  const unopened = new Map<string, HeldLane>();
  const callsEndAt = new Map<string, number>();
  let timer: Timer | undefined;
  let stopped = false;
  let ticking: Promise<void> = Promise.resolve();

  const settler = createSettler(ctx, lanes, parts.progresser);
  const caller = createCaller(ctx, {
    lanes,
    lease: { mayCall: (phoneNumberId, epoch) => parts.lease().mayCall(phoneNumberId, epoch) },
    meta: parts.meta,
    settler,
    tokenKey: parts.tokenKey,
    accessTokenOf: (phoneNumberId) => numbers.numberAnywhere(phoneNumberId)?.accessToken,
    setStatus,
    next: (lane, conversation) => queue.next(lane, conversation),
  });
  const queue = createQueue(ctx, {
    lanes,
    nodeId: parts.nodeId,
    renewLease: () => parts.lease().renew(),
    followPace: (lane) => lanes.followPace(lane, numbers.numberAnywhere(lane.phoneNumberId)?.pace),
    call: (ready, intended, intent) =>
      caller.call({
        organisationId: ready.organisationId,
        messageId: ready.id,
        phoneNumberId: ready.phoneNumberId,
        conversation: ready.conversation,
        attempt: intended.attempt,
        epoch: intent.epoch,
        startedAt: intent.at,
        body: intended.body,
        mayHaveLeft: intended.mayHaveLeft,
        refusals: intended.refusals,
        owed: ready.owed,
      }),
  });
  const watch = createWatch(ctx, {
    lanes,
    settler,
    policyOf: (phoneNumberId) => numbers.numberAnywhere(phoneNumberId)?.onUnknown ?? 'fail',
    formerCallsEndAt: (phoneNumberId) => callsEndAt.get(phoneNumberId) ?? 0,
    atWork: (messageId) => caller.has(messageId),
    next: (lane, conversation) => queue.next(lane, conversation),
  });
  lanes.register({
    dispatch: (attempt) => caller.call(attempt),
    wake: (lane) => queue.wake(lane),
    settled(lane, conversation) {
      if (lane.followed.has(conversation) && !lane.busy.has(conversation)) queue.next(lane, conversation);
    },
  });

  async function take(held: HeldLane): Promise<void> {
    const number = numbers.numberAnywhere(held.phoneNumberId);
    if (!number) return void unopened.set(held.phoneNumberId, held);
    unopened.delete(held.phoneNumberId);
    const restarted = held.formerOwner === parts.nodeId;
    const endsAt = restarted
      ? ctx.clock.now() + OWN_CALLS_MS
      : (held.formerSeenAt?.getTime() ?? 0) + FORMER_CALLS_MS;
    callsEndAt.set(held.phoneNumberId, endsAt);
    const lane = lanes.open({
      phoneNumberId: held.phoneNumberId,
      organisationId: number.organisationId,
      epoch: held.epoch,
      pace: number.pace,
    });
    for (const conversation of await openConversations(ctx.db, lane)) lane.followed.add(conversation);
    queue.wake(lane);
  }

  async function setStatus(
    phoneNumberId: string,
    status: 'connected' | 'degraded',
    statusReason: string | null,
  ): Promise<void> {
    const number = numbers.numberAnywhere(phoneNumberId);
    if (!number || number.status === status) return;
    const { organisationId } = number;
    await numbers.setNumber({ organisationId, phoneNumberId, status, statusReason });
  }

  async function openLate(): Promise<void> {
    if (unopened.size === 0) return;
    await numbers.reread();
    for (const held of unopened.values()) {
      if (parts.lease().epochOf(held.phoneNumberId) === held.epoch) await take(held);
      else unopened.delete(held.phoneNumberId);
    }
  }

  async function tick(): Promise<void> {
    await openLate();
    await watch.look();
    await queue.look();
  }

  function again(): void {
    if (stopped) return;
    timer = ctx.clock.after(TICK_MS, () => {
      ticking = tick()
        .catch((error: unknown) => ctx.log.warn({ err: error }, 'the watch could not look; trying again'))
        .finally(again);
    });
  }

  return {
    async onTaken(taken) {
      await Promise.all(taken.map(take));
      ctx.log.info({ lanes: taken.length }, 'lanes taken');
    },
    async onAnew(kept, former) {
      for (const held of kept) {
        const lane: Lane | undefined = lanes.get(held.phoneNumberId);
        if (lane) lane.epoch = held.epoch;
        const formerEpoch = former.get(held.phoneNumberId);
        if (formerEpoch === undefined) continue;
        const calling = caller.calling(held.phoneNumberId);
        await requeueUncalled(ctx.db, {
          phoneNumberId: held.phoneNumberId,
          formerEpoch,
          calling,
          now: ctx.clock.now(),
        });
      }
      ctx.log.warn({ lanes: kept.length }, 'lanes taken anew: a heartbeat was late or an answer was lost');
    },
    onLost(phoneNumberIds) {
      for (const phoneNumberId of phoneNumberIds) lanes.close(phoneNumberId);
      ctx.log.warn({ lanes: phoneNumberIds.length }, 'lanes lost to another node');
    },
    tick,
    start: again,
    async stop(withinMs) {
      stopped = true;
      timer?.cancel();
      queue.stop();
      lanes.stop();
      const ended = Promise.all([ticking, queue.drained()]).then(() => caller.drained());
      let late: NodeJS.Timeout | undefined;
      await Promise.race([ended, new Promise<void>((resolve) => (late = setTimeout(resolve, withinMs)))]);
      clearTimeout(late);
    },
  };
}
