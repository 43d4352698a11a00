// The watch over attempts: those a dead owner left open become unknown whenever they are seen; unknown ones are decided when silence
// means something.
import type { Context } from '../context.ts';
import { stepBehind, type Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { decideUnknown, type Evidence } from './unknown.ts';
import { lookAgain, readEvidence, readWatched, type EndedRow, type Watched } from './attempt-store.ts';
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

interface State {
  ctx: Context;
  parts: WatchParts;
}

export function createWatch(ctx: Context, parts: WatchParts): Watch {
  const state: State = { ctx, parts };
  return { look: () => look(state) };
}

async function look(state: State): Promise<void> {
  const { ctx, parts } = state;
  const now = ctx.clock.now();
  const lanes = [...parts.lanes.all()];
  const watched = await readWatched(ctx.db, lanes, now);
  const open = watched.filter((one) => one.state === 'intended' && !parts.atWork(one.id));
  await Promise.all(open.map((one) => leaveUnknown(state, one, now)));
  const unknown = watched.filter((one) => one.state === 'unknown');
  if (unknown.length > 0) await decideAll(state, unknown, now);
}

async function leaveUnknown(state: State, watched: Watched, now: number): Promise<void> {
  const formerCallsEndAt = state.parts.formerCallsEndAt(watched.phoneNumberId);
  const endsAt = Math.max(now, formerCallsEndAt, watched.attemptAt + state.ctx.config.times.callTimeoutMs);
  await state.parts.settler.end({
    ...ended(watched, endsAt),
    next: 'unknown',
    readyAt: endsAt,
    detail: 'the node that called Meta stopped before it had recorded the answer',
    callEnded: false,
  });
  const about = { messageId: watched.id, attempt: watched.attempt };
  state.ctx.log.info(about, 'an open attempt of a former owner: its outcome is unknown');
}

async function decideAll(state: State, unknown: readonly Watched[], now: number): Promise<void> {
  const ids = [...new Set(unknown.map((one) => one.phoneNumberId))];
  const since = Math.min(...unknown.map((one) => one.attemptAt));
  const read = await readEvidence(state.ctx.db, ids, since);
  const { unknownAfterMs, times } = state.ctx.config;
  for (const one of unknown) {
    await decide(state, one, {
      evidence: { gaps: read.gaps, heard: read.heard.get(one.phoneNumberId), unknownAfterMs, ...times },
      now,
    });
  }
}

async function decide(
  state: State,
  watched: Watched,
  at: { evidence: Evidence; now: number },
): Promise<void> {
  const { ctx, parts } = state;
  const { now } = at;
  const policy = parts.policyOf(watched.phoneNumberId);
  const callEndedAt = watched.unknownSince ?? now;
  // Every template counts as marketing: Kurir does not know their categories. Nor does one go again whose followers were let go.
  const resendable = watched.type !== 'template' && watched.holdsTurn;
  const decision = decideUnknown(
    { attemptAt: watched.attemptAt, callEndedAt, policy, resendable },
    at.evidence,
    now,
  );
  const letsGo = watched.holdsTurn && policy === 'fail';
  const row = ended(watched, now);
  if (decision.kind === 'wait')
    await lookAgain(ctx.db, { ...watched, until: decision.until, freeTurn: letsGo });
  else {
    // Under `resend` as well: the number's policy may have become `fail` a moment ago, and then the table fails it.
    const failure = failureOf('delivery_unknown', null, null);
    const resent = decision.kind === 'resend';
    await parts.settler.end({
      ...row,
      failure,
      next: resent ? 'queued' : 'failed',
      readyAt: resent ? now : null,
    });
  }
  if (decision.kind !== 'wait')
    ctx.log.info({ messageId: watched.id, decision: decision.kind }, 'an unknown outcome was decided');
  if (letsGo || decision.kind !== 'wait') free(state, watched);
}

function free(state: State, settled: { phoneNumberId: string; conversation: string }): void {
  const lane = state.parts.lanes.get(settled.phoneNumberId);
  if (!lane) return;
  // Whoever stands behind it was perhaps queued before this node knew of the lane.
  stepBehind(lane, settled.conversation);
  if (!lane.busy.has(settled.conversation)) state.parts.next(lane, settled.conversation);
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
    unsure: null,
    mayHaveLeft: true,
    refused: false,
    callEnded: true,
  };
}
