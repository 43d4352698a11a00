// The watch over attempts: those a dead owner left open become unknown whenever they are seen; unknown ones are decided when silence
// means something; what is queued too long is given up.
import type { Context } from '../context.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { RANKS } from '../messages/message.ts';
import { CALL_TIMEOUT_MS } from '../meta/client.ts';
import { decideUnknown, type Evidence } from './unknown.ts';
import {
  giveUp,
  lookAgain,
  readEvidence,
  readWatched,
  type EndedRow,
  type Watched,
} from './dispatch-store.ts';
import { failureOf, type Settler } from './settle.ts';

export interface Watch {
  /** One look at everything whose moment has come. */
  look(): Promise<void>;
}

export interface WatchParts {
  lanes: Lanes;
  settler: Settler;
  policyOf: (phoneNumberId: string) => 'fail' | 'resend';
  /** When a call of the lane's former owner can no longer be on the wire. */
  formerCallsEndAt: (phoneNumberId: string) => number;
  /** Whether this node is at work on the attempt. */
  atWork: (messageId: string) => boolean;
  /** The message is settled or lets its followers go. */
  next: (lane: Lane, conversation: string) => void;
}

const FAILURES_OF_QUEUE = {
  expired: failureOf('expired', null, null),
  withdrawn: failureOf('withdrawn', 'Withdrawn: it could not be sent before the caller’s wait ended.', null),
  unknown: failureOf('delivery_unknown', null, null),
};

const OVERDUE_EVERY_MS = 1_000;

export function createWatch(ctx: Context, parts: WatchParts): Watch {
  let overdueAt = 0;

  async function open(watched: Watched, now: number): Promise<void> {
    if (parts.atWork(watched.id)) return;
    const endsAt = Math.max(
      now,
      parts.formerCallsEndAt(watched.phoneNumberId),
      watched.attemptAt + CALL_TIMEOUT_MS,
    );
    await parts.settler.end({
      ...ended(watched, endsAt),
      next: 'unknown',
      readyAt: endsAt,
      detail: 'the node that called Meta stopped before it had recorded the answer',
      callEnded: false,
    });
    ctx.log.info(
      { messageId: watched.id, attempt: watched.attempt },
      'an open attempt of a former owner: its outcome is unknown',
    );
  }

  async function unknown(watched: Watched, evidence: Evidence, now: number): Promise<void> {
    const policy = parts.policyOf(watched.phoneNumberId);
    const callEndedAt = watched.unknownSince ?? now;
    const letGo = watched.holdsTurn && policy === 'fail' && now >= callEndedAt;
    const decision = decideUnknown(
      { attemptAt: watched.attemptAt, callEndedAt, policy, resendable: watched.type !== 'template' },
      evidence,
      now,
    );
    if (decision.kind === 'wait')
      await lookAgain(ctx.db, { ...watched, until: decision.until, freeTurn: letGo });
    else if (decision.kind === 'fail') {
      await parts.settler.end({
        ...ended(watched, now),
        next: 'failed',
        failure: failureOf('delivery_unknown', null, null),
        failedRank: RANKS.deliveryUnknown,
      });
    } else await parts.settler.end({ ...ended(watched, now), next: 'queued', readyAt: now, failure: null });
    if (decision.kind !== 'wait')
      ctx.log.info({ messageId: watched.id, decision: decision.kind }, 'an unknown outcome was decided');
    if (letGo || decision.kind !== 'wait') free(watched.phoneNumberId, watched.conversation);
  }

  function free(phoneNumberId: string, conversation: string): void {
    const lane = parts.lanes.get(phoneNumberId);
    if (!lane) return;
    // Whoever stands behind it was perhaps queued before this node knew of the lane.
    lane.followed.add(conversation);
    if (!lane.busy.has(conversation)) parts.next(lane, conversation);
  }

  return {
    async look() {
      const now = ctx.clock.now();
      const lanes = [...parts.lanes.all()];
      const watched = await readWatched(ctx.db, lanes, now);
      const due = watched.filter((one) => one.state === 'unknown');
      await Promise.all(watched.filter((one) => one.state === 'intended').map((one) => open(one, now)));
      if (due.length > 0) {
        const read = await readEvidence(
          ctx.db,
          [...new Set(due.map((one) => one.phoneNumberId))],
          Math.min(...due.map((one) => one.attemptAt)),
        );
        for (const one of due) {
          const heard = read.heard.get(one.phoneNumberId);
          await unknown(one, { gaps: read.gaps, heard, unknownAfterMs: ctx.config.unknownAfterMs }, now);
        }
      }
      if (now >= overdueAt) await overdue(lanes, now);
    },
  };

  async function overdue(lanes: readonly Lane[], now: number): Promise<void> {
    const started = ctx.clock.monotonic();
    for (const given of await giveUp(ctx.db, { lanes, now }, FAILURES_OF_QUEUE)) {
      parts.lanes.waiters.tell(given.id, {
        state: 'failed',
        mayHaveLeft: false,
        wamid: null,
        failure: given.failure,
      });
      free(given.phoneNumberId, given.conversation);
    }
    // A long queue takes long to look through: never more than a twentieth of the time.
    overdueAt = now + Math.max(OVERDUE_EVERY_MS, 20 * (ctx.clock.monotonic() - started));
  }
}

function ended(watched: Watched, at: number): EndedRow {
  return {
    organisationId: watched.organisationId,
    id: watched.id,
    attempt: watched.attempt,
    startedAt: watched.attemptAt,
    endedAt: at,
    outcome: 'unknown',
    providerCode: null,
    detail: null,
    next: 'unknown',
    readyAt: null,
    failure: null,
    failedRank: RANKS.failed,
    mayHaveLeft: true,
    refused: false,
    callEnded: true,
  };
}
