// Back to the beginning: an empty ledger, the world of the settings, its seed. What was on its way is forgotten.
import { usualLatency } from '../latency.ts';
import { seedWorld } from '../seed.ts';
import type { Simulation } from '../simulation.ts';
import { createWorld } from '../world.ts';

export function resetSimulation(sim: Simulation, signal: AbortSignal): void {
  const { appCallback } = sim.world;
  sim.clock.clear();
  sim.clock.set(1, sim.wireClock.now());
  sim.push.clear();
  sim.faults.clear();
  sim.pace.clear();
  sim.latency = usualLatency(sim.settings);
  sim.journal.clear();
  sim.calls.clear();
  sim.mediaFiles.clear();
  sim.strangers.clear();
  sim.heldBack.clear();
  sim.batch.length = 0;
  sim.ledger?.clear();
  sim.world = createWorld(sim.settings);
  // Where the receiver is does not belong to the story.
  sim.world.appCallback = appCallback;
  seedWorld(sim, signal);
}
