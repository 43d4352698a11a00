// Withdraw: what is still queued and cannot have left is ended before it goes; its key stays, so that a repeat hears the same.
import type { Context } from '../context.ts';
import { KurirError, type Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { findMessage, withdraw } from './message-store.ts';
import { wireStatus, type Message } from './message.ts';
import { writeFailures, type FailureParts } from './tell-failures.ts';

/** The message as it is after it was withdrawn (again, if it was before); throws `resource_not_found` or `message_not_withdrawable`. */
export async function withdrawMessage(
  ctx: Context,
  parts: FailureParts & { lanes: Lanes },
  find: { organisationId: OrganisationId; phoneNumberId: string; id: string },
): Promise<Message> {
  const message = await findMessage(ctx.db, find.organisationId, find);
  if (!message || message.direction === 'inbound')
    throw new KurirError('resource_not_found', `There is no outbound message ${find.id} of this number.`);
  const failure: Failure = {
    code: 'withdrawn',
    message: 'Withdrawn by the application before it left.',
    providerCode: null,
  };
  const { lanes } = parts;
  const withdrawn = await writeFailures(ctx, parts, {
    organisationIds: [find.organisationId],
    write: (db) => withdraw(db, find, failure),
    failed: (done) => (done ? [{ ...find, failure }] : []),
  });
  const after = (await findMessage(ctx.db, find.organisationId, find)) ?? message;
  if (withdrawn) {
    lanes.waiters.tell(find.id, { state: 'failed', mayHaveLeft: false, wamid: null, failure });
    const lane = lanes.get(withdrawn.phoneNumberId);
    if (lane) lanes.dispatcher().settled(lane, withdrawn.conversation);
    return after;
  }
  if (after.failure?.code === 'withdrawn') return after;
  const status = wireStatus(after.state, after.mayHaveLeft);
  throw new KurirError(
    'message_not_withdrawable',
    `The message is ${status}: only what is queued and has not left can be withdrawn.`,
  );
}
