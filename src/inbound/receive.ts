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
import { isUnacceptable } from '../storage/db.ts';
import { createGroupCommit, type GroupCommit } from '../storage/group-commit.ts';
import { applyMessages } from './apply-messages.ts';
import { applyStatuses, type StatusParts, type Unmatched } from './apply-statuses.ts';
import { createEarlyStatuses, type EarlyStatuses } from './early-statuses.ts';
import { keepAside, type Aside } from './inbound-store.ts';
import { keepInbound, type InboundMessage, type KeptMessage } from './keep-store.ts';
import { storableJson } from './storable.ts';

/** One POST of Meta's; without an id it is the default app's. */
export interface Post {
  appId: string | undefined;
  body: Buffer;
  signature: string | string[] | undefined;
}

export interface Receiver {
  /** Takes one POST of Meta's; resolves when all of it is committed. Throws `resource_not_found`, `invalid_signature`,
   *  `invalid_request` or `service_unavailable`. */
  receive(post: Post): Promise<void>;
  /** Looks now and then whether statuses that came too early can be applied. */
  start(): void;
  stop(): void;
  drained(): Promise<void>;
}

export interface ReceiverParts extends StatusParts {
  apps: AppDirectory;
  numbers: NumberDirectory;
  hearing: Hearing;
}

interface State {
  ctx: Context;
  parts: ReceiverParts;
  keeping: GroupCommit<InboundMessage, KeptMessage | null>;
  asides: GroupCommit<Aside, void>;
  early: EarlyStatuses;
}

const NOT_METAS: ReadonlySet<string> = new Set(['resource_not_found', 'invalid_signature']);

export function createReceiver(ctx: Context, parts: ReceiverParts): Receiver {
  const keeping = createGroupCommit<InboundMessage, KeptMessage | null>({
    write: (rows) => keepInbound(ctx.db, rows, ctx.clock.now()),
    maxRows: 500,
  });
  const asides = createGroupCommit<Aside, void>({
    write: each((rows) => keepAside(ctx.db, rows)),
    maxRows: 500,
  });
  const early = createEarlyStatuses(ctx, {
    findNumber: (phoneNumberId) => parts.numbers.numberAnywhere(phoneNumberId),
    apply: (number, value) => applyStatuses(ctx, parts, { number, value }),
  });
  const state: State = { ctx, parts, keeping, asides, early };
  return {
    receive: (post) => receive(state, post),
    start: () => early.start(),
    stop: () => early.stop(),
    drained: async () => void (await Promise.all([keeping.drained(), asides.drained()])),
  };
}

function each<Row>(write: (rows: Row[]) => Promise<void>): (rows: Row[]) => Promise<void[]> {
  return async (rows) => {
    await write(rows);
    return rows.map(() => undefined);
  };
}

async function receive(state: State, post: Post): Promise<void> {
  try {
    await take(state, post);
  } catch (error) {
    // What is not Meta's says nothing about our hearing; all else that Meta must repeat does.
    if (!(error instanceof KurirError && NOT_METAS.has(error.code))) await state.parts.hearing.refused();
    throw error;
  }
}

async function take(state: State, post: Post): Promise<void> {
  // Here and below a promise is waited for only where there is one: of four requests of a busy gateway three come this way.
  const found = state.parts.apps.findApp(post.appId);
  const app = found instanceof Promise ? await found : found;
  if (!app) throw new KurirError('resource_not_found', 'There is no such app.');
  if (!isSignedBy(app.appSecret, post.body, post.signature)) {
    throw new KurirError(
      'invalid_signature',
      'X-Hub-Signature-256 is not that of this app’s secret over this body.',
    );
  }
  const changes = readChanges(parse(post.body));
  const results = await Promise.allSettled(changes.map((change) => apply(state, app, change)));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return;
  throw new KurirError('service_unavailable', 'The webhook could not be stored: send it again.', {
    retryAfterMs: 5_000,
    cause: failed.reason,
  });
}

function apply(state: State, app: App, change: Change): Promise<void> {
  return applyChange(state, app, change).catch((error: unknown) => {
    if (!isPoison(error)) throw error;
    const about = { err: error, field: change.field.slice(0, 40) };
    state.ctx.log.error(about, 'a change could not be applied and is set aside');
    return aside(state, { app, number: undefined, change, reason: 'could not be applied' });
  });
}

async function applyChange(state: State, app: App, change: Change): Promise<void> {
  const { ctx, parts } = state;
  const number = numberOf(parts.numbers, app, change) ?? (await findNumber(parts.numbers, app, change));
  const about = { app, number, change };
  if (!number)
    return aside(state, { ...about, reason: 'about a number that is not connected with this app' });
  if (change.field !== 'messages' || change.phoneNumberId === undefined)
    return aside(state, { ...about, reason: 'a field that nothing is done with yet' });
  const told = { number, value: change.value };
  // Nearly every change holds one of the two.
  const statuses = change.value['statuses'] === undefined ? [] : await applyStatuses(ctx, parts, told);
  const messages =
    change.value['messages'] === undefined ? [] : await applyMessages(ctx, state.keeping, told);
  if (statuses.length > 0 || messages.length > 0)
    await Promise.all([
      ...statuses.map((one) => leave(state, { app, number, change }, one)),
      ...messages.map(({ message, reason }) =>
        aside(state, { ...about, change: { ...change, value: { messages: [message] } }, reason }),
      ),
    ]);
  if (change.value['errors'] !== undefined)
    await aside(state, { ...about, reason: 'an account-level error' });
}

function numberOf(
  numbers: NumberDirectory,
  app: App,
  { phoneNumberId = '' }: Change,
): BusinessNumber | undefined {
  const number = numbers.numberAnywhere(phoneNumberId);
  return number?.appId === app.id ? number : undefined;
}

async function findNumber(
  numbers: NumberDirectory,
  app: App,
  change: Change,
): Promise<BusinessNumber | undefined> {
  const found = await numbers.numbersForWebhook(change);
  return found.find((one) => one.appId === app.id);
}

// A status that nothing could be done with: kept for later where its message may yet become known.
async function leave(
  state: State,
  at: { app: App; number: BusinessNumber; change: Change },
  { status, reason, early }: Unmatched,
): Promise<void> {
  const { app, number } = at;
  const change = { ...at.change, value: { statuses: [status] } };
  const kept =
    early !== undefined &&
    (await state.early.keep({ appId: app.id, number, wamid: early, change: toKept(change) }));
  if (!kept) await aside(state, { app, number, change, reason });
}

function aside(
  state: State,
  what: { app: App; number: BusinessNumber | undefined; change: Change; reason: string },
): Promise<void> {
  const { app, number, change, reason } = what;
  return state.asides.add({
    appId: app.id,
    organisationId: number?.organisationId ?? null,
    phoneNumberId: change.phoneNumberId?.slice(0, 100) ?? null,
    field: change.field.slice(0, 200),
    reason,
    change: JSON.stringify(toKept(change)),
    at: state.ctx.clock.now(),
  });
}

function toKept(change: Change): JsonObject {
  return { field: change.field, waba_id: change.wabaId, value: change.value };
}

function parse(body: Buffer): Json {
  try {
    return storableJson(body.toString('utf8'));
  } catch (cause) {
    throw new KurirError('invalid_request', 'The body is not JSON.', { cause });
  }
}

// A value that PostgreSQL cannot take, or a fault of ours with this one change: it would fail for ever, and Meta would repeat it for days.
function isPoison(error: unknown): boolean {
  return isUnacceptable(error) || error instanceof TypeError || error instanceof RangeError;
}
