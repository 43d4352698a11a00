// Receive: Meta's webhooks. Verified over the raw bytes, sorted by number, applied and committed, and only then answered: a 200 means
// that nothing of it can be lost. What Kurir does not know is set aside, never dropped; one bad change never holds up its neighbours.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { Hearing } from '../lanes/hearing.ts';
import { readChanges, type Change } from '../meta/webhook-envelope.ts';
import { isSignedBy } from '../meta/signature.ts';
import type { App, AppDirectory } from '../organisations/app-directory.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { sqlState } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { applyMessages } from './apply-messages.ts';
import { applyStatuses, type StatusParts } from './apply-statuses.ts';
import { keepAside, keepInbound, type Aside, type InboundMessage } from './inbound-store.ts';
import { storable } from './storable.ts';

export interface Receiver {
  /** Takes one POST of Meta's; resolves when all of it is committed. Throws `resource_not_found`, `invalid_signature`,
   *  `invalid_request` or `service_unavailable`. */
  receive(post: {
    appId: string | undefined;
    body: Buffer;
    signature: string | string[] | undefined;
  }): Promise<void>;
  drained(): Promise<void>;
}

export interface ReceiverParts extends StatusParts {
  apps: AppDirectory;
  numbers: NumberDirectory;
  hearing: Hearing;
}

export function createReceiver(ctx: Context, parts: ReceiverParts): Receiver {
  const keeping = createGroupCommit<InboundMessage, void>({
    async write(rows) {
      await keepInbound(ctx.db, rows);
      return rows.map(() => undefined);
    },
    maxRows: 500,
  });
  const asides = createGroupCommit<Aside, void>({
    async write(rows) {
      await keepAside(ctx.db, rows);
      return rows.map(() => undefined);
    },
    maxRows: 500,
  });

  async function applyChange(app: App, change: Change): Promise<void> {
    const about = { phoneNumberId: change.phoneNumberId, wabaId: change.wabaId };
    const numbers = (await parts.numbers.numbersForWebhook(about)).filter(
      (number) => number.appId === app.id,
    );
    const [number] = numbers;
    if (!number)
      return aside(app, undefined, { change, reason: 'about a number that is not connected with this app' });
    if (change.field !== 'messages' || change.phoneNumberId === undefined)
      return aside(app, number, { change, reason: 'a field that nothing is done with yet' });
    const told = { number, value: change.value };
    const [statuses, messages] = await Promise.all([
      applyStatuses(ctx, parts, told),
      applyMessages(ctx, keeping, told),
    ]);
    for (const one of statuses)
      await aside(app, number, {
        change: { ...change, value: { statuses: [one.status] } },
        reason: one.reason,
      });
    for (const one of messages)
      await aside(app, number, {
        change: { ...change, value: { messages: [one.message] } },
        reason: one.reason,
      });
    if (change.value['errors'] !== undefined)
      await aside(app, number, { change, reason: 'an account-level error' });
  }

  function aside(
    app: App,
    number: BusinessNumber | undefined,
    what: { change: Change; reason: string },
  ): Promise<void> {
    const kept: JsonObject = {
      field: what.change.field,
      waba_id: what.change.wabaId,
      value: what.change.value,
    };
    return asides.add({
      appId: app.id,
      organisationId: number?.organisationId ?? null,
      phoneNumberId: what.change.phoneNumberId?.slice(0, 100) ?? null,
      field: what.change.field.replaceAll('\0', '').toWellFormed().slice(0, 200),
      reason: what.reason,
      change: storable(kept),
      at: ctx.clock.now(),
    });
  }

  async function apply(app: App, change: Change): Promise<void> {
    try {
      await applyChange(app, change);
    } catch (error) {
      if (!isPoison(error)) throw error;
      ctx.log.error({ err: error, field: change.field }, 'a change could not be applied and is set aside');
      await aside(app, undefined, { change, reason: 'could not be applied' });
    }
  }

  return {
    async receive(post) {
      const app = await parts.apps.findApp(post.appId);
      if (!app) throw new KurirError('resource_not_found', 'There is no such app.');
      if (!isSignedBy(app.appSecret, post.body, post.signature)) {
        throw new KurirError(
          'invalid_signature',
          'X-Hub-Signature-256 is not that of this app’s secret over this body.',
        );
      }
      const changes = readChanges(parse(post.body));
      const results = await Promise.allSettled(changes.map((change) => apply(app, change)));
      const failed = results.find((result) => result.status === 'rejected');
      if (!failed) return;
      parts.hearing.refused();
      throw new KurirError('service_unavailable', 'The webhook could not be stored: send it again.', {
        retryAfterMs: 5_000,
        cause: failed.reason,
      });
    },
    drained: async () => void (await Promise.all([keeping.drained(), asides.drained()])),
  };
}

function parse(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch (cause) {
    throw new KurirError('invalid_request', 'The body is not JSON.', { cause });
  }
}

// A value that PostgreSQL cannot take, or a fault of ours with this one change: it would fail for ever, and Meta would repeat it for days.
function isPoison(error: unknown): boolean {
  const state = sqlState(error);
  return (
    state?.startsWith('22') ||
    state?.startsWith('23') ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}
