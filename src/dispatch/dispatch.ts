// The dispatch of one attempt: call → outcome → settle → the next of the conversation. Its intent is committed and its place in
// the lane is taken when it comes here; both are given back when it is settled, whatever came of it.
import type { Context } from '../context.ts';
import type { Lease } from '../lanes/lease.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Attempt, Lanes } from '../lanes/lanes.ts';
import { callbackToken } from '../meta/callback-token.ts';
import type { MetaClient, SendOutcome } from '../meta/client.ts';
import type { Brakes } from './brake.ts';
import type { Reach } from './reach.ts';
import type { Settler } from './settle.ts';

export interface Caller {
  /** Takes charge of an attempt. */
  call(attempt: Attempt): void;
  /** Ids of the attempts whose call was handed to a socket and is not settled. */
  calling(phoneNumberId: string): string[];
  /** Whether this node is at work on the attempt. */
  has(messageId: string): boolean;
  /** Resolves when no attempt is under way. */
  drained(): Promise<void>;
}

export interface CallerParts {
  lanes: Lanes;
  lease: Pick<Lease, 'mayCall'>;
  meta: MetaClient;
  settler: Settler;
  reach: Reach;
  tokenKey: Buffer;
  accessTokenOf: (phoneNumberId: string) => string | undefined;
  brakes: Pick<Brakes, 'pull' | 'release'>;
  /** Something is queued again until then. */
  readyAt: (lane: Lane, at: number) => void;
  /** The conversation's attempt is settled: its next message may go. */
  next: (lane: Lane, conversation: string) => void;
}

export function createCaller(ctx: Context, parts: CallerParts): Caller {
  const open = new Map<string, { attempt: Attempt; left: boolean }>();
  let idle: (() => void)[] = [];

  async function run(attempt: Attempt): Promise<void> {
    const entry = { attempt, left: false };
    open.set(attempt.messageId, entry);
    const since = await toLeave(attempt.phoneNumberId);
    const outcome = await send(attempt, () => {
      entry.left = parts.lease.mayCall(attempt.phoneNumberId, attempt.epoch);
      const now = ctx.clock.monotonic();
      if (entry.left && now !== since) parts.lanes.get(attempt.phoneNumberId)?.pace.left(since, now);
      return entry.left;
    });
    parts.reach.heard(outcome);
    const settled = await parts.settler.settle(attempt, outcome);
    const lane = parts.lanes.get(attempt.phoneNumberId);
    if (lane && outcome.kind === 'accepted') await parts.brakes.release(lane);
    if (lane && settled.readyAt !== null) parts.readyAt(lane, settled.readyAt);
    if (lane && settled.brake) await parts.brakes.pull(lane, attempt.conversation, settled.brake);
  }

  // Intents come back from their commit together; their calls leave as evenly as Meta wants them. Resolves with the moment since which
  // this one may.
  async function toLeave(phoneNumberId: string): Promise<number> {
    const asked = ctx.clock.monotonic();
    const leavesAt = parts.lanes.get(phoneNumberId)?.pace.leaveAt(asked) ?? asked;
    for (let waitMs = leavesAt - asked; ;) {
      if (waitMs > 0) await new Promise<void>((resolve) => ctx.clock.after(waitMs, resolve));
      const now = ctx.clock.monotonic();
      waitMs = parts.lanes.get(phoneNumberId)?.pace.leave(now) ?? 0;
      if (waitMs === 0) return now;
    }
  }

  async function send(attempt: Attempt, mayLeave: () => boolean): Promise<SendOutcome> {
    const accessToken = parts.accessTokenOf(attempt.phoneNumberId);
    if (accessToken === undefined) return { kind: 'not sent', reason: 'the number is not connected' };
    const body = { ...attempt.body, biz_opaque_callback_data: callbackToken(parts.tokenKey, attempt) };
    return parts.meta.send({ accessToken, path: `${attempt.phoneNumberId}/messages`, body }, mayLeave);
  }

  function done(attempt: Attempt): void {
    // Not an attempt that was opened for it since.
    if (open.get(attempt.messageId)?.attempt === attempt) open.delete(attempt.messageId);
    parts.lanes.giveCallBack();
    const lane = parts.lanes.get(attempt.phoneNumberId);
    if (lane) parts.next(lane, attempt.conversation);
    if (open.size === 0) for (const tell of idle.splice(0)) tell();
  }

  return {
    call(attempt) {
      run(attempt)
        .catch((error: unknown) =>
          ctx.log.error({ err: error, messageId: attempt.messageId }, 'an attempt was left to the watch'),
        )
        .finally(() => done(attempt));
    },
    calling: (phoneNumberId) =>
      [...open.values()]
        .filter((one) => one.left && one.attempt.phoneNumberId === phoneNumberId)
        .map((one) => one.attempt.messageId),
    has: (messageId) => open.has(messageId),
    drained: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))),
  };
}
