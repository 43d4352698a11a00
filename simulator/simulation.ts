// The simulator's parts, handed as one value to every verb of it. Made in simulator.ts, and only there.
import type { Clock } from '../src/kernel/clock.ts';
import type { Random } from '../src/kernel/random.ts';
import { applyFact } from './apply-fact.ts';
import type { Fact, Phone } from './fact.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Latency } from './latency.ts';
import type { Ledger } from './ledger.ts';
import type { MediaFiles } from './media/media-files.ts';
import type { Pace } from './pace.ts';
import type { Gathered, Push } from './push.ts';
import type { SendCalls } from './send-calls.ts';
import type { Settings } from './settings.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { World } from './world.ts';

export interface Simulation {
  settings: Settings;
  /** The world's time: statuses, windows, retries, expiries. */
  clock: VirtualClock;
  /** The time that answers of the Graph take, and that callers wait. */
  wireClock: Clock;
  random: Random;
  /** How long answers of the Graph take. */
  latency: Latency;
  /** Another one after a reset. */
  world: World;
  ledger: Ledger | null;
  journal: Journal;
  calls: SendCalls;
  push: Push;
  faults: Faults;
  pace: Pace;
  mediaFiles: MediaFiles;
  /** Phones that nobody made, as worked out from their numbers. */
  strangers: Map<string, Phone>;
  /** Updates kept back by a `reorder` fault until the next of their stream has left. */
  heldBack: Map<string, () => void>;
  /** Updates that a `batch` fault gathers. */
  batch: Gathered[];
  /** What happens in the next turns of the event loop. */
  soonCount: number;
  /** Seeded messages wait for the callback to answer. */
  awaitsCallback: boolean;
  /** Told after each fact: who waits for something looks again. */
  watchers: Set<() => void>;
  /** Where it can be reached, for the links in webhooks. */
  origin: string;
}

/** Makes something so: in the world, in the ledger, for those who wait. */
export function record(sim: Simulation, fact: Fact): void {
  sim.ledger?.append(fact);
  applyFact(sim.world, fact);
  for (const look of sim.watchers) look();
}
