// A real PostgreSQL as a child process, on loopback, below the data directory. It is started, watched (one that dies is
// started again on its port) and stopped with us; one that outlived a killed gateway is taken over.
import { type EmbeddedCluster, embeddedCluster, SUPERUSER } from './embedded-cluster.ts';
import {
  adoptPostmaster,
  launchPostmaster,
  stopPostmaster,
  type RunningPostmaster,
} from './embedded-postmaster.ts';
import type { Log } from '../kernel/log.ts';
import { setTimeout as pause } from 'node:timers/promises';

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string;
  /** Where its data is. */
  readonly folder: string;
  /** Of the postmaster; another one after it died and was started again. */
  readonly pid: number;
  /** Stops it and waits until it is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Absolute; the caller holds its lock. */
  dataDir: string;
  log: Log;
  /** Told when it has died and runs again, with another process id. */
  onRestart?: (pid: number) => void;
}

const RESTART_PAUSE_MS = 1_000;

export async function startEmbeddedPostgres({
  dataDir,
  log,
  onRestart,
}: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const cluster = await embeddedCluster(dataDir);
  const launch = { cluster, logFile: `${dataDir}/postgres.log` };
  let running = (await adoptPostmaster(cluster)) ?? (await launchPostmaster(launch));
  let stopping = false;

  async function watch(): Promise<void> {
    await running.exited;
    while (!stopping) {
      log.error({ postgresPid: running.pid }, 'PostgreSQL has died; starting it again');
      try {
        running = await launchPostmaster({ ...launch, port: running.port });
        onRestart?.(running.pid);
        await running.exited;
      } catch (error) {
        log.error({ err: error }, 'PostgreSQL does not start');
        await pause(RESTART_PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  async function stop(): Promise<void> {
    stopping = true;
    await stopPostmaster(running);
    process.off('exit', abandon);
  }

  // Where nobody waits any longer: it shuts down in order after us.
  function abandon(): void {
    stopping = true;
    running.kill('SIGINT');
  }

  process.on('exit', abandon);
  void watch();
  return {
    url: urlOf(cluster, running),
    folder: cluster.folder,
    get pid() {
      return running.pid;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function urlOf(cluster: EmbeddedCluster, running: RunningPostmaster): string {
  return `postgres://${SUPERUSER}:${cluster.password}@127.0.0.1:${running.port}/postgres`;
}
