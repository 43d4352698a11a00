// The simulator's parts, handed as one value to every verb of it. Made in simulator.ts, and only there.
import type { Random } from '../src/kernel/random.ts';
import type { Clock } from '../src/kernel/clock.ts';
import { applyFact } from './apply-fact.ts';
import type { Fact } from './fact.ts';
import type { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import type { Push } from './push.ts';
import type { Settings } from './settings.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { World } from './world.ts';

export interface Simulation {
  settings: Settings;
  /** The world's time: statuses, windows, retries, expiries. */
  clock: VirtualClock;
  /** The time that answers of the Graph take. */
  wireClock: Clock;
  random: Random;
  world: World;
  ledger: Ledger | null;
  journal: Journal;
  push: Push;
  /** Told after each fact: who waits for something looks again. */
  watchers: Set<() => void>;
}

/** Makes something so: in the world, in the ledger, for those who wait. */
export function record(sim: Simulation, fact: Fact): void {
  sim.ledger?.append(fact);
  applyFact(sim.world, fact, sim.settings.keepMessages);
  for (const look of sim.watchers) look();
}
