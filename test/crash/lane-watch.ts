// Looks at the lanes' table all through a run: an epoch never goes back, and belongs to one owner (or to nobody any more).
import { setTimeout as pause } from 'node:timers/promises';

import type { Database } from '../../src/storage/db.ts';
import type { Finding } from './verdict.ts';

export interface LaneWatch {
  /** How often a lane was seen under another owner than before. */
  moves(): number;
  findings(): Finding[];
  stop(): Promise<void>;
}

interface Seen {
  phone_number_id: string;
  owner: string | null;
  epoch: number;
}

const EVERY_MS = 150;

export function watchLanes(database: Pick<Database, 'query'>): LaneWatch {
  const latest = new Map<string, Seen>();
  const findings: Finding[] = [];
  let moves = 0;
  let stopped = false;
  const watching = watch();

  async function watch(): Promise<void> {
    while (!stopped) {
      // PostgreSQL is killed, too: what cannot be seen now is seen later.
      const lanes = await database
        .query<Seen>('select phone_number_id, owner, epoch from lanes')
        .catch(() => []);
      for (const lane of lanes) compare(lane);
      await pause(EVERY_MS);
    }
  }

  function compare(lane: Seen): void {
    const before = latest.get(lane.phone_number_id);
    latest.set(lane.phone_number_id, lane);
    if (!before) return;
    const taken = lane.owner !== null && before.owner !== null && lane.owner !== before.owner;
    if (taken) moves++;
    if (lane.epoch >= before.epoch && (!taken || lane.epoch > before.epoch)) return;
    const about = `${lane.phone_number_id}: ${before.owner} at ${before.epoch}, then ${lane.owner} at ${lane.epoch}`;
    findings.push({ promise: 'one driver a lane', about });
  }

  return {
    moves: () => moves,
    findings: () => findings,
    async stop() {
      stopped = true;
      await watching;
    },
  };
}
