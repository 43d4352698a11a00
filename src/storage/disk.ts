// Free space where the embedded PostgreSQL lives: a database that runs out of it dies, so new work is refused before.
import { statfs } from 'node:fs/promises';

import type { Clock, Timer } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';

export interface Disk {
  /** Less is free than must stay so. */
  isLow(): boolean;
  stop(): void;
}

export interface DiskOptions {
  folder: string;
  freeMinBytes: number;
  clock: Clock;
  log: Log;
}

const LOOK_EVERY_MS = 3_000;

export function createDisk(options: DiskOptions): Disk {
  const { folder, freeMinBytes, clock, log } = options;
  let low = false;
  let stopped = false;
  let timer: Timer | undefined;

  async function look(): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    if (freeBytes < freeMinBytes === low) return;
    low = !low;
    if (low)
      log.error({ folder, freeBytes, freeMinBytes }, 'the disk is nearly full: new sends are answered 503');
    else log.info({ folder, freeBytes }, 'the disk has room again');
  }

  function again(): void {
    void look()
      .catch((error: unknown) => log.warn({ err: error, folder }, 'free space is not known'))
      .finally(() => {
        if (!stopped) timer = clock.after(LOOK_EVERY_MS, again);
      });
  }

  again();
  return {
    isLow: () => low,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
