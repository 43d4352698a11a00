// A PostgreSQL of a test's own, to be stopped, started again, killed and filled; it keeps its address.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { embeddedCluster, SUPERUSER } from '../../src/storage/embedded-cluster.ts';
import {
  launchPostmaster,
  stopPostmaster,
  type RunningPostmaster,
} from '../../src/storage/embedded-postmaster.ts';

export interface ScratchPostgres extends AsyncDisposable {
  url: string;
  /** Of the postmaster. */
  pid(): number;
  start(): Promise<void>;
  /** In order, as an operator would: connections are broken. */
  stop(): Promise<void>;
}

/** @param folder where its data goes, which its user may enter; a temporary one by default */
export async function startScratchPostgres(folder?: string): Promise<ScratchPostgres> {
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'kurir-scratch-postgres-'));
  chmodSync(dataDir, 0o755);
  const cluster = await embeddedCluster(dataDir);
  const logFile = join(dataDir, 'postgres.log');
  let running: RunningPostmaster = await launchPostmaster({ cluster, logFile });
  const { port } = running;
  return {
    url: `postgres://${SUPERUSER}:${cluster.password}@127.0.0.1:${port}/postgres`,
    pid: () => running.pid,
    async start() {
      running = await launchPostmaster({ cluster, logFile, port });
    },
    stop: () => stopPostmaster(running),
    async [Symbol.asyncDispose]() {
      await stopPostmaster(running);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
