// After a restart: messages live on from where they were, and webhooks that were not answered are posted again.
import { goOn } from './life.ts';
import type { Update } from './envelope.ts';
import type { Simulation } from './simulation.ts';
import { inboundUpdate, statusUpdate } from './updates.ts';

export function resume(sim: Simulation): void {
  for (const message of sim.world.messages.values()) {
    if (message.direction === 'inbound') {
      if (message.told === undefined) postAgain(sim, inboundUpdate(sim, message), message.tries);
      continue;
    }
    for (const [i, change] of message.history.entries()) {
      if (change.told === undefined) postAgain(sim, statusUpdate(sim, message, i), change.tries);
    }
    goOn(sim, message);
  }
}

function postAgain(sim: Simulation, update: Update | null, tries = 0): void {
  if (update) sim.push.post(update, { tries });
}
