// What happens without a delay, but not before the answer that set it off has left; and waiting until all of it has happened.
import type { Simulation } from './simulation.ts';

export function soon(sim: Simulation, act: () => void): void {
  sim.soonCount++;
  setImmediate(() => {
    sim.soonCount--;
    act();
  });
}

/** Resolves when nothing is left to do without the clock moving on: every webhook that could leave has been answered. */
export async function settled(sim: Simulation): Promise<void> {
  do {
    await new Promise((resolve) => void setImmediate(resolve));
    await sim.push.settled();
  } while (sim.soonCount > 0);
}
