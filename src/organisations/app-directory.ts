// The apps in memory, secrets opened, for Meta's webhook door. What it says is at most 4 s old. The door is open to anybody,
// so an id that is not there makes it read again once a second at the most.
import type { Context } from '../context.ts';
import type { AppId } from '../kernel/ids.ts';
import { selectApps, type SealedApp } from './app-store.ts';
import { openAppSecrets } from './apps.ts';

export interface App {
  id: AppId;
  appSecret: string;
  verifyToken: string;
}

export interface AppDirectory {
  /** The app of this id, or the default one when no id is given; at once where it has just been read. */
  findApp(appId: string | undefined): App | Promise<App | undefined>;
}

interface Snapshot {
  byId: Map<string, App>;
  byDefault: App | undefined;
  /** On the monotonic clock, before it was read. */
  readAt: number;
}

const KEPT_MS = 4_000;
const MISS_PAUSE_MS = 1_000;

export function createAppDirectory(ctx: Context): AppDirectory {
  let snapshot: Promise<Snapshot> | undefined;
  /** What was read last. */
  let latest: Snapshot | undefined;

  function read(): Promise<Snapshot> {
    const reading = readApps(ctx);
    snapshot = reading;
    void keep(reading);
    return reading;
  }

  async function keep(reading: Promise<Snapshot>): Promise<void> {
    try {
      const known = await reading;
      if (snapshot === reading) latest = known;
    } catch {
      // The next one who asks tries again.
      if (snapshot === reading) snapshot = undefined;
    }
  }

  async function youngerThan(ageMs: number): Promise<Snapshot> {
    const present = snapshot;
    const { readAt } = await (present ?? read());
    const old = ctx.clock.monotonic() - readAt >= ageMs;
    // Of those who find it old together, the first reads; the others find what it has put there.
    return old && snapshot === present ? read() : (snapshot ?? read());
  }

  async function search(appId: string | undefined): Promise<App | undefined> {
    return look(await youngerThan(KEPT_MS), appId) ?? look(await youngerThan(MISS_PAUSE_MS), appId);
  }

  return {
    findApp(appId) {
      const isYoung = latest !== undefined && ctx.clock.monotonic() - latest.readAt < KEPT_MS;
      return (isYoung && look(latest, appId)) || search(appId);
    },
  };
}

function look(from: Snapshot | undefined, appId: string | undefined): App | undefined {
  return appId === undefined ? from?.byDefault : from?.byId.get(appId);
}

async function readApps(ctx: Context): Promise<Snapshot> {
  const snapshot: Snapshot = { byId: new Map(), byDefault: undefined, readAt: ctx.clock.monotonic() };
  for (const sealed of await selectApps(ctx.db)) {
    const app = opened(ctx, sealed);
    if (!app) continue;
    snapshot.byId.set(app.id, app);
    if (sealed.isDefault) snapshot.byDefault = app;
  }
  return snapshot;
}

// One app whose secrets do not open must not close the door of the others.
function opened(ctx: Context, sealed: SealedApp): App | undefined {
  try {
    return { id: sealed.id, ...openAppSecrets(ctx.sealer, sealed) };
  } catch (error) {
    ctx.log.error(
      { appId: sealed.id, err: error },
      'The secrets of an app do not open: its webhooks are refused.',
    );
    return undefined;
  }
}
