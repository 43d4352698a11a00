// Receive: Meta's webhooks. Verified over the raw bytes, sorted by number, applied and committed, and only then answered: a 200 means
// that nothing of it can be lost. What Kurir does not know is set aside, never dropped; one bad change never holds up its neighbours.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Teller } from '../events/teller.ts';
import { KurirError } from '../kernel/errors.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { readCallbackToken } from '../meta/callback-token.ts';
import type { Fetcher } from '../media/fetcher.ts';
import { noteInbound, type InboundMedium } from '../media/note-inbound.ts';
import type { Hearing } from '../lanes/hearing.ts';
import { others, readChanges, type Change } from '../meta/webhook-envelope.ts';
import { isSignedBy } from '../meta/signature.ts';
import type { App, AppDirectory } from '../organisations/app-directory.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { isUnacceptable } from '../storage/db.ts';
import { createGroupCommit, type GroupCommit } from '../storage/group-commit.ts';
import { applyField } from './apply-field.ts';
import { applyMessages } from './apply-messages.ts';
import { applyStatuses, type StatusParts, type Unmatched } from './apply-statuses.ts';
import { createEarlyStatuses, type EarlyStatuses } from './early-statuses.ts';
import { findConcerned, type Concerned } from './find-concerned.ts';
import { keepInbound, type KeptMessage } from './keep-store.ts';
import { eventsOfReceived, wantsReceived, type Received } from './tell-received.ts';
import { createPassOn, toKept, type PassOn } from './pass-on.ts';
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
  teller: Teller;
  fetcher: Fetcher;
}

interface State {
  ctx: Context;
  parts: ReceiverParts;
  keeping: GroupCommit<Received, KeptMessage | null>;
  passing: PassOn;
  early: EarlyStatuses;
}

const NOT_METAS: ReadonlySet<string> = new Set(['resource_not_found', 'invalid_signature']);

export function createReceiver(ctx: Context, parts: ReceiverParts): Receiver {
  const keeping = createGroupCommit<Received, KeptMessage | null>({
    write: (rows) => keep(ctx, parts, rows),
    maxRows: 500,
  });
  const passing = createPassOn(ctx, parts.teller);
  const early = createEarlyStatuses(ctx, {
    findNumber: (phoneNumberId) => parts.numbers.numberAnywhere(phoneNumberId),
    apply: (number, value) => applyStatuses(ctx, parts, { number, value }),
    passOn: (what) => passing.passOn(what),
  });
  const state: State = { ctx, parts, keeping, passing, early };
  return {
    receive: (post) => receive(state, post),
    start: () => early.start(),
    stop: () => early.stop(),
    drained: async () => void (await Promise.all([keeping.drained(), passing.drained()])),
  };
}

// In one transaction with what is told of it, where somebody wants to hear, and with the note that its media are to be fetched.
async function keep(
  ctx: Context,
  { teller, numbers, fetcher }: ReceiverParts,
  rows: readonly Received[],
): Promise<(KeptMessage | null)[]> {
  const now = ctx.clock.now();
  if (!rows.some((row) => row.media || wantsReceived(teller, row))) return keepInbound(ctx.db, rows, now);
  const { kept, media } = await writeAndTell({ db: ctx.db, teller, hot: true }, async (tx) => {
    const written = await keepInbound(tx, rows, now);
    const toFetch = mediaOf(rows.filter((_, i) => written[i]));
    if (toFetch.length > 0) await noteInbound(tx, toFetch);
    const events = await eventsOfReceived(ctx, { teller, numbers }, { tx, rows, kept: written });
    return { result: { kept: written, media: toFetch }, events };
  });
  if (media.length > 0) fetcher.wake();
  return kept;
}

function mediaOf(rows: readonly Received[]): InboundMedium[] {
  return rows.flatMap(({ media, id, ...row }) => (media ? [{ ...row, messageId: id, told: media }] : []));
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
    return state.passing.setAside({ app, change, reason: 'could not be applied' });
  });
}

async function applyChange(state: State, app: App, change: Change): Promise<void> {
  const number = numberOf(state.parts.numbers, app, change);
  const concerned = number
    ? { numbers: [number], number }
    : await findConcerned(state.parts.numbers, app, change);
  const about = { app, change, ...concerned };
  if (change.unread !== undefined)
    return state.passing.setAside({ ...about, reason: 'not a change of WhatsApp’s' });
  if (concerned.numbers.length === 0)
    return state.passing.setAside({ ...about, reason: 'about a number that is not connected with this app' });
  if (change.field === 'messages' && concerned.number && change.phoneNumberId !== undefined)
    return applyTold(state, { ...about, number: concerned.number });
  return applyField(state.ctx, { ...state.parts, passing: state.passing }, about);
}

interface About extends Concerned {
  app: App;
  change: Change;
}

/** Messages and statuses, which nearly every change holds one of. */
async function applyTold(state: State, about: About & { number: BusinessNumber }): Promise<void> {
  const { ctx, parts } = state;
  const { number, change } = about;
  const { statuses, messages, errors } = change.value;
  const told = { number, value: change.value };
  // Nearly every change holds one of the two.
  const unmatched = statuses === undefined ? [] : await applyStatuses(ctx, parts, told);
  const unread = messages === undefined ? [] : await applyMessages(ctx, state.keeping, told);
  const rest = [
    ...unread.map(({ message, reason }) => ({ said: { messages: [message] }, reason })),
    ...others(messages).map((one) => ({ said: { messages: [one] }, reason: 'not a message' })),
    ...others(statuses).map((one) => ({ said: { statuses: [one] }, reason: 'not a status' })),
    ...(errors === undefined || messages !== undefined
      ? []
      : [{ said: { errors }, reason: 'an account-level error' }]),
  ];
  // Told with the messages that they stand beside, and kept by themselves.
  if (errors !== undefined && messages !== undefined)
    await state.passing.setAside({ ...about, change: partOf(change, { errors }), reason: 'an error' });
  if (unmatched.length + rest.length > 0)
    await Promise.all([
      ...unmatched.map((one) => leave(state, about, one)),
      ...rest.map(({ said, reason }) =>
        state.passing.passOn({ ...about, change: partOf(change, said), reason }),
      ),
    ]);
}

// A status that nothing could be done with: kept for later where its message may yet become known.
async function leave(
  state: State,
  about: About & { number: BusinessNumber },
  { status, reason, early }: Unmatched,
): Promise<void> {
  const { app, number } = about;
  const change = partOf(about.change, { statuses: [status] });
  const kept =
    early !== undefined &&
    (await state.early.keep({ appId: app.id, number, wamid: early, change: toKept(change) }));
  if (kept) return;
  const told = partOf(about.change, { statuses: [withoutToken(state, number, status)] });
  await state.passing.passOn({ ...about, change: told, reason });
}

// Our token is nobody's business.
function withoutToken({ parts }: State, { phoneNumberId }: BusinessNumber, status: Json): Json {
  if (!isObject(status)) return status;
  const { biz_opaque_callback_data: data, ...rest } = status;
  const isOurs = typeof data === 'string' && readCallbackToken(parts.tokenKey, phoneNumberId, data);
  return isOurs ? rest : status;
}

/** A change that says so much of another one. */
function partOf(change: Change, said: JsonObject): Change {
  const { messaging_product = 'whatsapp', metadata = {} } = change.value;
  return { ...change, value: { messaging_product, metadata, ...said } };
}

function numberOf(
  numbers: NumberDirectory,
  app: App,
  { phoneNumberId = '' }: Change,
): BusinessNumber | undefined {
  const number = numbers.numberAnywhere(phoneNumberId);
  return number?.appId === app.id ? number : undefined;
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
