// Settling: what an outcome makes of its message. Accepted goes forward with the statuses; a no is for good or for now; silence
// is unknown. An outcome that cannot be recorded is kept and tried again, and no new call begins meanwhile.
import type { Context } from '../context.ts';
import { sleep } from '../kernel/clock.ts';
import { FAILURES, type Failure, type FailureCode } from '../kernel/errors.ts';
import { backoffMs, type Backoff } from '../kernel/backoff.ts';
import type { Attempt, Lanes } from '../lanes/lanes.ts';
import type { Progresser } from '../messages/progress-message.ts';
import { writeFailures, type Failed, type FailureParts } from '../messages/tell-failures.ts';
import type { GraphError, SendOutcome } from '../meta/client.ts';
import { judgeMetaError } from '../meta/error-table.ts';
import { levelOf } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { endRows, type Ended, type EndedRow } from './attempt-store.ts';
import { PAIR_LIMIT, type Brake } from './brake.ts';

/** What Meta says with HTTP 5xx is repeated so often, no more (docs/protocol.md). */
const SERVER_NOES_MAX = 2;
const AGAIN: Backoff = { firstMs: 1_000, factor: 4, maxMs: 300_000 };
const RECORD_AGAIN_MS = 500;

export interface Settled {
  /** How Meta slows or stops the lane. */
  brake: Brake | undefined;
  /** When it is to be tried again, if it is queued again. */
  readyAt: number | null;
}

export interface Settler {
  settle(attempt: Attempt, outcome: SendOutcome): Promise<Settled>;
  /** Ends an attempt by a decision that is not an answer of Meta's. */
  end(row: EndedRow): Promise<Ended | null>;
  /** Records nothing any more: the gateway stops, and what is still under way is left to the watch of its next start, as after a crash. */
  abandon(): void;
  drained(): Promise<void>;
}

export interface SettlerParts extends FailureParts {
  lanes: Lanes;
  progresser: Progresser;
}

export function createSettler(ctx: Context, parts: SettlerParts): Settler {
  const { lanes, progresser } = parts;
  const ending = createGroupCommit<EndedRow, Ended | null>({
    write: (rows) =>
      writeFailures(ctx, parts, {
        organisationIds: rows.map((row) => row.organisationId),
        write: (db) => endRows(db, rows),
        failed: (ended) => ended.flatMap((one, i) => failedOf(one, rows[i])),
        hot: true,
      }),
    maxRows: 500,
  });

  let abandoned = false;
  const refuseAbandoned = (): void => {
    if (abandoned) throw new Error('The gateway stops: what this call came to is left to its next start.');
  };

  // A result that is not recorded is a result that did not happen for whoever starts next: keep it, and produce no more of them.
  async function recorded<Result>(record: () => Promise<Result>): Promise<Result> {
    let resume: (() => void) | undefined;
    try {
      for (;;) {
        refuseAbandoned();
        try {
          return await record();
        } catch (error) {
          resume ??= lanes.suspend();
          ctx.log[levelOf(error)]({ err: error }, 'an outcome could not be recorded; it is kept');
          await sleep(ctx.clock, RECORD_AGAIN_MS);
        }
      }
    } finally {
      resume?.();
    }
  }

  async function end(row: EndedRow): Promise<Ended | null> {
    const ended = await recorded(() => ending.add(row));
    if (ended)
      lanes.waiters.tell(row.id, {
        state: ended.state,
        mayHaveLeft: ended.mayHaveLeft,
        wamid: ended.wamid,
        failure: ended.failure,
      });
    return ended;
  }

  return {
    end,
    abandon: () => void (abandoned = true),
    drained: () => ending.drained(),
    async settle(attempt, outcome) {
      refuseAbandoned();
      const at = ctx.clock.now();
      if (outcome.kind === 'accepted') {
        const step = {
          organisationId: attempt.organisationId,
          phoneNumberId: attempt.phoneNumberId,
          messageId: attempt.messageId,
          wamid: outcome.wamid,
        };
        await recorded(() =>
          progresser.progress({ ...step, status: 'pending', at, failure: null, pricing: null, told: null }),
        );
        return { brake: undefined, readyAt: null };
      }
      const judged = judge(attempt, outcome, { now: at, random: ctx.random() });
      logEnd(ctx, attempt, outcome);
      const ended = await end(judged.row);
      return { brake: judged.brake, readyAt: ended?.state === 'queued' ? judged.row.readyAt : null };
    },
  };
}

function failedOf(ended: Ended | null, row: EndedRow | undefined): Failed[] {
  if (ended?.state !== 'failed' || !ended.failure || !row) return [];
  return [{ organisationId: row.organisationId, id: ended.id, failure: ended.failure }];
}

// What never left is told by whoever sees the whole of it (reach.ts, the lease), and here only to those who want every line. A reason is
// our own words; Meta's may hold anything.
function logEnd(
  { log }: Context,
  { messageId, attempt }: Attempt,
  outcome: Exclude<SendOutcome, { kind: 'accepted' }>,
): void {
  const why = outcome.kind === 'refused' ? { code: outcome.error.code } : { reason: outcome.reason };
  const level = outcome.kind === 'not sent' ? 'debug' : 'info';
  log[level]({ messageId, attempt, outcome: outcome.kind, ...why }, 'attempt ended');
}

const LEARNED_LATE =
  'It did not leave, but that was learned only when later messages of its recipient had been let go: send it again if it is still wanted.';

/** The row of an attempt that ended without a wamid, and how the lane is to be slowed. Pure. */
export function judge(
  attempt: Attempt,
  outcome: Exclude<SendOutcome, { kind: 'accepted' }>,
  at: { now: number; random: number },
): { row: EndedRow; brake: Brake | undefined } {
  const base = {
    organisationId: attempt.organisationId,
    id: attempt.messageId,
    attempt: attempt.attempt,
    startedAt: attempt.startedAt,
    endedAt: at.now,
    outcome: outcome.kind,
    providerCode: null,
    unsure: null,
    mayHaveLeft: false,
    refused: false,
    callEnded: true,
  };
  if (outcome.kind === 'not sent') {
    // It never left: free to try again. The delay grows with the time the message has been tried, not with Meta's noes.
    const readyAt = at.now + backoffMs(AGAIN, Math.min(attempt.attempt, 4), at.random);
    return {
      row: {
        ...base,
        detail: outcome.reason,
        next: 'queued',
        readyAt,
        // Only where it was held to be unknown meanwhile, and may not be queued again.
        failure: failureOf('delivery_unknown', LEARNED_LATE, null),
      },
      brake: undefined,
    };
  }
  if (outcome.kind === 'unknown') {
    return {
      row: {
        ...base,
        detail: outcome.reason,
        next: 'unknown',
        readyAt: at.now,
        failure: null,
        mayHaveLeft: true,
      },
      brake: undefined,
    };
  }
  return refusedRow(base, { ...at, attempt, error: outcome.error });
}

type Base = Omit<EndedRow, 'detail' | 'next' | 'readyAt' | 'failure'>;

function refusedRow(
  base: Base,
  no: { attempt: Attempt; error: GraphError; now: number; random: number },
): { row: EndedRow; brake: Brake | undefined } {
  const { attempt, error, ...at } = no;
  const verdict = judgeMetaError(error.code, error.httpStatus);
  const failure = failureOf(verdict.failure, error.details ?? error.title, error.code);
  const common = {
    ...base,
    providerCode: error.code,
    detail: error.details ?? error.title,
    failure,
    refused: true,
  };
  const failed = { ...common, next: 'failed' as const, readyAt: null };
  const waitMs = error.retryAfterMs ?? backoffMs(AGAIN, attempt.refusals + 1, at.random);
  const again = { ...common, next: 'queued' as const, readyAt: at.now + waitMs };
  const unsure = failureOf('delivery_unknown', tellUnsure(error), error.code);
  if (verdict.action === 'unknown') {
    const row = { ...common, next: 'unknown' as const, readyAt: at.now, mayHaveLeft: true, unsure };
    return { row, brake: undefined };
  }
  if (verdict.action === 'never') return { row: failed, brake: undefined };
  if (verdict.action === 'number') {
    const brake: Brake = { kind: 'stop number', reason: failure.message };
    // Who is owed a wamid is told; for everyone else the message waits until the number is repaired.
    return !attempt.owed ? { row: { ...again, readyAt: at.now }, brake } : { row: failed, brake };
  }
  if (error.httpStatus >= 500) {
    // Meta's word that it was not taken; believed, and counted from now on as one that may have left.
    return attempt.refusals >= SERVER_NOES_MAX
      ? { row: failed, brake: undefined }
      : { row: { ...again, mayHaveLeft: true, unsure }, brake: undefined };
  }
  if (verdict.action === 'later') return { row: again, brake: undefined };
  // How long the message waits grows with its own noes; the lane's pace remembers what others heard.
  if (error.code === PAIR_LIMIT) return { row: again, brake: { kind: 'slow recipient', ms: waitMs } };
  const { code, retryAfterMs } = error;
  return { row: again, brake: { kind: 'slow lane', code, retryAfterMs } };
}

function tellUnsure(error: GraphError): string {
  return `Meta said ${error.code} (${error.details ?? error.title}), which does not prove that nothing was sent: it may or may not have been delivered.`;
}

export function failureOf(code: FailureCode, message: string | null, providerCode: number | null): Failure {
  return { code, message: message ?? FAILURES[code], providerCode };
}
