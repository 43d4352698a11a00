// A row that was taken, as a node has it in hand.
import { isId } from '../kernel/ids.ts';
import type { Job } from './delivery.ts';
import type { Taken } from './taken.ts';

export function toJob(taken: Taken, heldUntil: number): Job {
  return {
    organisationId: taken.organisationId,
    subscriptionId: taken.subscriptionId,
    dialect: taken.dialect,
    rows: [{ id: taken.id, createdAt: taken.createdAt }],
    eventId: taken.eventId,
    attempt: taken.attempt,
    batch: null,
    isSingle: taken.conversation !== null && isId('wbd', taken.conversation),
    name: taken.name,
    subject: taken.subject,
    source: taken.source,
    body: taken.body,
    heldUntil,
    line: null,
  };
}
