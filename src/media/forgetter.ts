// The end of media: whoever decides that they are not kept any more (retention, an erasure) says so in their rows, in a transaction of its own; the
// bytes are deleted here, by a gateway, which knows where they are. The bytes first: a row without bytes is found again, bytes without a row
// by nobody.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { levelOf, type Queryable } from '../storage/db.ts';
import type { MediaFiles } from './media-files.ts';
import { mediaIdOf } from './media.ts';
import { claimForgotten, deleteMedium, markBrokenOff, markForgotten, markOld } from './media-store.ts';

export interface Forgetter {
  start(): void;
  /** Deletes what is to be deleted. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 10_000;
const LEASE_MS = 60_000;
const AT_ONCE = 100;
const OLD_AT_ONCE = 5_000;
/** Longer than any upload takes. */
const BROKEN_OFF_HOURS = 24;

/** The media of these messages are not kept any more; how many there were. */
export function forgetMediaOf(
  tx: Queryable,
  messages: readonly { organisationId: string; id: string }[],
): Promise<number> {
  return markForgotten(
    tx,
    messages.map(({ organisationId, id }) => ({ organisationId, id: mediaIdOf(id) })),
  );
}

/** What is older than the operator wants to keep, and what broke off. */
export async function forgetOldMedia(ctx: Context): Promise<void> {
  await markBrokenOff(ctx.db, BROKEN_OFF_HOURS);
  const days = ctx.config.keepMediaDays;
  if (days === 0) return;
  while ((await markOld(ctx.db, days, OLD_AT_ONCE)) === OLD_AT_ONCE);
}

export function createForgetter(ctx: Context, files: MediaFiles): Forgetter {
  let timer: Timer | undefined;
  let stopping = false;
  let looking: Promise<void> = Promise.resolve();

  async function forgetDue(): Promise<void> {
    for (;;) {
      const due = stopping ? [] : await claimForgotten(ctx.db, { limit: AT_ONCE, leaseMs: LEASE_MS });
      for (const key of due) {
        await files.delete(key);
        await deleteMedium(ctx.db, key);
      }
      if (due.length < AT_ONCE) return;
    }
  }

  async function forgetBrokenOff(): Promise<void> {
    if (!stopping) await files.deleteBrokenOff(ctx.clock.now() - BROKEN_OFF_HOURS * 3_600_000);
  }

  function look(): Promise<void> {
    looking = looking
      .then(forgetDue)
      .then(forgetBrokenOff)
      .catch((error: unknown) => {
        ctx.log[levelOf(error)](
          { err: error },
          'media that are not kept any more could not be deleted; it is tried again',
        );
      });
    return looking;
  }

  function later(): void {
    if (!stopping) timer = ctx.clock.after(LOOK_EVERY_MS, () => void look().finally(later));
  }

  return {
    start: later,
    look,
    async stop() {
      stopping = true;
      timer?.cancel();
      await looking;
    },
  };
}
