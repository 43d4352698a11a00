// What is overdue ends: a message that stood in the queue longer than it may fails, whoever waits for it hears so, and what stands
// behind it goes on.
import type { Context } from '../context.ts';
import { stepBehind, type Lane } from '../lanes/lane.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { OWED_ENDS } from '../messages/message.ts';
import { writeFailures, type FailureParts } from '../messages/tell-failures.ts';
import { giveUp, type GivenUp } from './overdue-store.ts';
import { failureOf } from './settle.ts';

export interface Overdue {
  /** Ends what is overdue in the lanes of this node. */
  look(): Promise<void>;
}

export interface OverdueParts extends FailureParts {
  lanes: Lanes;
  /** The message is settled: its conversation goes on. */
  next: (lane: Lane, conversation: string) => void;
}

const FAILURES = { expired: failureOf('expired', null, null), ...OWED_ENDS };
/** Of one lane in one statement: a whole campaign may end at the same moment. */
const AT_ONCE = 500;

export function createOverdue(ctx: Context, parts: OverdueParts): Overdue {
  function end({ id, phoneNumberId, conversation, failure }: GivenUp): void {
    parts.lanes.waiters.tell(id, { state: 'failed', mayHaveLeft: false, wamid: null, failure });
    const lane = parts.lanes.get(phoneNumberId);
    if (!lane) return;
    // Whoever stands behind it was perhaps queued before this node knew of the lane.
    stepBehind(lane, conversation);
    if (!lane.busy.has(conversation)) parts.next(lane, conversation);
  }

  return {
    async look() {
      const lanes = [...parts.lanes.all()];
      let given: GivenUp[];
      do {
        given = await writeFailures(ctx, parts, {
          organisationIds: lanes.map((lane) => lane.organisationId),
          write: (db) => giveUp(db, { lanes, now: ctx.clock.now(), limit: AT_ONCE }, FAILURES),
          failed: (all) => all,
        });
        for (const one of given) end(one);
      } while (given.length >= AT_ONCE);
    },
  };
}
