// The fetcher: takes what is due and fetches it, a few at a time, and no number all of these. The row is the job: a try is a lease on it that
// is renewed while its bytes flow, so what a node that died was fetching comes again within a minute, on any node. Meta forgets what
// customers sent after seven days; until then a fetch that fails is tried again, at longer and longer intervals.
import type { Context } from '../context.ts';
import type { Teller } from '../events/teller.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { MediaOutcome } from '../events/event.ts';
import { backoffMs } from '../kernel/backoff.ts';
import type { Timer } from '../kernel/clock.ts';
import type { MetaClient } from '../meta/client.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { levelOf, type Queryable } from '../storage/db.ts';
import { fetchOne, type Fetched } from './fetch-one.ts';
import { NOT_KEPT, type MediaFiles } from './media-files.ts';
import { mediaUrl } from './media-link.ts';
import type { MediaNews } from './media-news.ts';
import { messageIdOf } from './media.ts';
import {
  claimDue,
  endFailed,
  endReady,
  findMedia,
  hurryFailed,
  postpone,
  type Claim,
} from './media-store.ts';

export interface Fetcher {
  start(): void;
  /** Something may be due. */
  wake(): void;
  /** Takes what is due. */
  look(): Promise<void>;
  /** Ends what is under way; it is due again at once, for whoever comes next. */
  stop(): Promise<void>;
}

export interface FetcherParts {
  meta: MetaClient;
  files: MediaFiles;
  numbers: NumberDirectory;
  teller: Teller;
  news: MediaNews;
  /** There is no room where the bytes are kept: what is due waits, for as long as Meta has it. */
  isFull: () => boolean;
  /** Why the latest medium was not kept; undefined where it was, or none was yet. */
  trouble: () => string | undefined;
}

const LOOK_EVERY_MS = 1_000;
const LEASE_MS = 45_000;
const RENEW_EVERY_MS = 15_000;
const AT_ONCE = 16;
const AT_ONCE_PER_NUMBER = 8;
const BACKOFF = { firstMs: 2_000, factor: 3, maxMs: 3_600_000 };
/** A place that takes one and not another does not have all tried again each time. */
const HURRY_EVERY_MS = 10_000;
const META_KEEPS_MS = 7 * 86_400_000;

interface State {
  ctx: Context;
  parts: FetcherParts;
  running: Map<Claim, { abort: AbortController; ended: Promise<void> }>;
  stopping: boolean;
  /** Some wait until the place where they are kept takes them again. */
  notKept: boolean;
  hurriedAt: number;
}

export function createFetcher(ctx: Context, parts: FetcherParts): Fetcher {
  const state: State = {
    ctx,
    parts,
    running: new Map(),
    stopping: false,
    notKept: true,
    hurriedAt: -Infinity,
  };
  let timer: Timer | undefined;
  let looking: Promise<void> | undefined;
  let again = false;

  function look(): Promise<void> {
    again = true;
    return (looking ??= lookWhileAsked());
  }

  async function lookWhileAsked(): Promise<void> {
    try {
      while (again && !state.stopping) {
        again = false;
        await hurryNotKept(state);
        await takeDue(state, look);
      }
    } catch (error) {
      ctx.log[levelOf(error)]({ err: error }, 'media that are due could not be looked for');
    } finally {
      looking = undefined;
    }
  }

  function later(): void {
    if (!state.stopping) timer = ctx.clock.after(LOOK_EVERY_MS, () => void look().finally(later));
  }

  return {
    start: later,
    wake: () => void look(),
    look,
    async stop() {
      state.stopping = true;
      timer?.cancel();
      await looking;
      for (const { abort } of state.running.values()) abort.abort();
      await Promise.all([...state.running.values()].map(({ ended }) => ended));
    },
  };
}

// What waits because it could not be kept is due as soon as something is kept again; and when the gateway starts, for those that waited
// before. Some may have been put off meanwhile by other nodes, which see to theirs.
async function hurryNotKept(state: State): Promise<void> {
  const { ctx, parts } = state;
  const now = ctx.clock.monotonic();
  if (!state.notKept || parts.trouble() !== undefined || parts.isFull()) return;
  if (now - state.hurriedAt < HURRY_EVERY_MS) return;
  state.notKept = false;
  try {
    if (await hurryFailed(ctx.db, NOT_KEPT)) state.hurriedAt = now;
  } catch (error) {
    state.notKept = true;
    throw error;
  }
}

// Takes as many as there is room for. A number with enough under way is passed over, so that one whose media are many, or slow, leaves room
// for the others.
async function takeDue(state: State, look: () => Promise<void>): Promise<void> {
  const { ctx, running, parts } = state;
  while (!state.stopping && !parts.isFull() && running.size < AT_ONCE) {
    const counts = Map.groupBy(running.keys(), (claim) => claim.phoneNumberId);
    const busyNumbers = [...counts].filter(([, claims]) => claims.length >= AT_ONCE_PER_NUMBER);
    const limit = Math.min(AT_ONCE - running.size, AT_ONCE_PER_NUMBER);
    const claims = await claimDue(ctx.db, {
      limit,
      leaseMs: LEASE_MS,
      busyNumbers: busyNumbers.map(([phoneNumberId]) => phoneNumberId),
    });
    for (const claim of claims) {
      const abort = new AbortController();
      const ended = run(state, claim, abort)
        .catch((error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'the end of a fetch was not written'),
        )
        .finally(() => {
          running.delete(claim);
          if (!state.stopping) void look();
        });
      running.set(claim, { abort, ended });
    }
    if (claims.length < limit) return;
  }
}

async function run(state: State, claim: Claim, abort: AbortController): Promise<void> {
  const { ctx, parts } = state;
  const found = parts.numbers.numberAnywhere(claim.phoneNumberId);
  const number = found?.organisationId === claim.organisationId ? found : undefined;
  const renewal = keepLease(ctx, claim, abort);
  const fetched: Fetched = number
    ? await fetchOne({ ...parts, maxBytes: ctx.config.mediaMaxMb * 1_000_000 }, claim, {
        accessToken: number.accessToken,
        signal: abort.signal,
      })
    : { kind: 'failed', reason: 'its number is not connected any more', hopeless: false };
  await renewal.stop();
  await end(state, { claim, number, fetched });
}

interface Ending {
  claim: Claim;
  /** Undefined where it is not connected any more. */
  number: BusinessNumber | undefined;
  fetched: Fetched;
}

async function end(state: State, { claim, number, fetched }: Ending): Promise<void> {
  const { ctx, parts } = state;
  if (fetched.kind === 'ready') {
    // Erased meanwhile: what was kept for it goes, too. Taken over by another try: that one keeps the same bytes again.
    const { found } = fetched;
    const media = {
      status: 'ready',
      url: mediaUrl(ctx, claim),
      mimeType: found.mimeType,
      size: found.size,
    } as const;
    if (await told(state, { claim, number, media }, (db) => endReady(db, claim, found))) return;
    const [present] = await findMedia(ctx.db, claim.organisationId, [claim.id]);
    return present ? undefined : parts.files.delete(claim);
  }
  const delayMs = backoffMs(BACKOFF, claim.tries, ctx.random());
  const { reason, hopeless } = fetched;
  const about = { mediaId: claim.id, tries: claim.tries, reason };
  if (state.stopping) return void (await postpone(ctx.db, claim, { delayMs: 0, failure: reason }));
  if (hopeless || claim.ageMs + delayMs > META_KEEPS_MS) {
    const why = hopeless ? reason : 'it could not be fetched for as long as Meta keeps it';
    const media = { status: 'failed', url: null, reason: why } as const;
    await told(state, { claim, number, media }, (db) => endFailed(db, claim, reason));
    return ctx.log.warn(about, 'a medium could not be fetched, and is not tried again');
  }
  await postpone(ctx.db, claim, { delayMs, failure: reason });
  if (reason.startsWith(NOT_KEPT)) state.notKept = true;
  ctx.log.debug({ ...about, delayMs }, 'a medium could not be fetched; it is tried again');
}

// In one transaction with what is told of it, where somebody wants to hear; says whether the try was still the present one.
async function told(
  { ctx, parts: { news, teller } }: State,
  { claim, number, media }: Omit<Ending, 'fetched'> & { media: MediaOutcome },
  write: (db: Queryable) => Promise<boolean>,
): Promise<boolean> {
  if (!number) return write(ctx.db);
  const { organisationId, phoneNumberId } = number;
  if (!teller.wants(organisationId, { type: 'message.media', phoneNumberId })) return write(ctx.db);
  return writeAndTell({ db: ctx.db, teller }, async (tx) => {
    const isPresent = await write(tx);
    const ended = { number, messageId: messageIdOf(claim.id), media };
    return { result: isPresent, events: isPresent ? await news(tx, ended) : [] };
  });
}

// While bytes flow the lease is renewed; a try that is not the present one any more ends.
function keepLease(ctx: Context, claim: Claim, abort: AbortController): { stop(): Promise<void> } {
  let stopped = false;
  let timer: Timer;
  let renewing: Promise<void> = Promise.resolve();
  async function renew(): Promise<void> {
    try {
      if (!(await postpone(ctx.db, claim, { delayMs: LEASE_MS, failure: null }))) abort.abort();
    } catch (error) {
      // The database is away: the lease may run out, and then two fetch the same, to the same end.
      ctx.log.debug({ err: error }, 'the lease of a fetch was not renewed');
    }
    if (!stopped) later();
  }
  function later(): void {
    timer = ctx.clock.after(RENEW_EVERY_MS, () => void (renewing = renew()));
  }
  later();
  return {
    // A renewal that is under way must not undo what is written next.
    async stop() {
      stopped = true;
      timer.cancel();
      await renewing;
    },
  };
}
