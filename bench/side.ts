// A side under test, as the bench sees it: a program that sends and takes webhooks, and says what it has used.
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';

import { answerParent, processInput } from './processes.ts';
import type { NumberGroup } from './setting.ts';

export interface SideInput {
  databaseUrl: string;
  graphUrl: string;
  /** Which one it is of the nodes on the database. */
  node: number;
  /** Calls to Meta at once. */
  metaConnections: number;
  numbers: readonly NumberGroup[];
  /** Known where the database is not empty: nothing is to be made in it. */
  apiKey: string | undefined;
  /** Where statuses are told. */
  subscribers: readonly string[];
}

export interface SideReady {
  url: string;
  apiKey: string;
  /** How many messages are stored as read, in its own tables. */
  countRead: string;
  /** How many deliveries are stored as done, in its own tables. */
  countTold: string;
  /** How many numbers a second node still has to take over, until both have as many. */
  countMisplaced: string;
}

const SAMPLE_US = 250;

export function sideInput(): SideInput {
  return processInput() as SideInput;
}

/** Serves the bench until it is told to stop. */
export function serveSide(ready: SideReady, close: () => Promise<void>): void {
  let session: Session | undefined;
  answerParent(
    ready,
    {
      async 'start profile'() {
        session = new Session();
        session.connect();
        await session.post('Profiler.enable');
        await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
        await session.post('Profiler.start');
      },
      async 'keep profile'(file: string) {
        const stopped = await session?.post('Profiler.stop');
        session?.disconnect();
        await writeFile(file, JSON.stringify(stopped?.profile));
      },
    },
    close,
  );
}
