// What subscribers hear of messages that Meta will never tell of: expired, withdrawn, refused by the answer to the call, or of unknown
// outcome. They read like a `failed` of Meta's, so that one piece of code hears of every failure.
import type { Context } from '../context.ts';
import type { MessageStatus } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { ownFailedStatus } from '../meta/own-status.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { aboutMessage, outboundFacts } from './about-message.ts';
import { readTold } from './progress-store.ts';

export interface FailureParts {
  numbers: Pick<NumberDirectory, 'numberAnywhere'>;
  teller: Teller;
}

export interface Failed {
  organisationId: OrganisationId;
  id: string;
  failure: Failure;
}

export interface FailingWrite<Written> {
  organisationIds: Iterable<OrganisationId>;
  write: (db: Queryable) => Promise<Written>;
  /** The messages that have failed by it. */
  failed: (written: Written) => readonly Failed[];
  /** Its statement is a hot one. */
  hot?: boolean;
}

/** Makes messages fail, and tells of it in the same transaction where somebody wants to hear. */
export async function writeFailures<Written>(
  ctx: Context,
  parts: FailureParts,
  { organisationIds, write, failed, hot = false }: FailingWrite<Written>,
): Promise<Written> {
  const wanted = [...new Set(organisationIds)].some((id) =>
    parts.teller.wants(id, { type: 'message.status' }),
  );
  if (!wanted) return write(ctx.db);
  return writeAndTell({ db: ctx.db, teller: parts.teller, hot }, async (tx) => {
    const result = await write(tx);
    const all = failed(result);
    return { result, events: all.length === 0 ? [] : await eventsOf(ctx, parts, { tx, failed: all }) };
  });
}

async function eventsOf(
  ctx: Context,
  parts: FailureParts,
  { tx, failed }: { tx: Queryable; failed: readonly Failed[] },
): Promise<MessageStatus[]> {
  const sent = new Map((await readTold(tx, failed)).map((row) => [row.id, row]));
  const now = ctx.clock.now();
  return failed.flatMap(({ organisationId, id, failure }) => {
    const row = sent.get(id);
    const number = row && parts.numbers.numberAnywhere(row.phoneNumberId);
    if (!row || !number) return [];
    const about = { ...row, organisationId, messageId: id };
    return [
      {
        ...aboutMessage(about, { number, now }),
        type: 'message.status' as const,
        status: 'failed' as const,
        told: ownFailedStatus({ ...row, messageId: id, failure, at: now }),
        contacts: [],
        own: true,
        outbound: outboundFacts(row),
        times: { sent: null, delivered: null, read: null, failed: now },
      },
    ];
  });
}
