// Faults: asked for, looked at, taken away.
import { ControlRefusal } from '../control-refusal.ts';
import type { Fault } from '../faults.ts';
import { waId } from '../graph/recipient.ts';
import { digits } from '../ids.ts';
import type { Simulation } from '../simulation.ts';
import { checkEffect, type FaultAsked } from './fault-schema.ts';
import { digitsOf } from './message-match.ts';

export interface FaultView extends Omit<Fault, 'until'> {
  until: string | null;
}

export function putFault(
  sim: Simulation,
  asked: FaultAsked,
  id = `fault_${digits(6, sim.random)}`,
): FaultView {
  checkEffect(asked.effect);
  const until = asked.until === undefined ? null : Date.parse(asked.until);
  if (until !== null && Number.isNaN(until)) {
    throw new ControlRefusal('invalid_request', 'until must be an ISO time, such as 2026-11-20T08:00:00Z.', {
      param: 'until',
    });
  }
  const match = asked.match ?? {};
  const fault: Fault = {
    id,
    match: match.to === undefined ? match : { ...match, to: customer(match.to) },
    effect: asked.effect,
    probability: asked.probability ?? 1,
    after: asked.after ?? 0,
    every: asked.every ?? 1,
    times: asked.times ?? null,
    until,
    seen: 0,
    hits: 0,
  };
  sim.faults.put(fault);
  return viewOf(fault);
}

export function listFaults(sim: Simulation): FaultView[] {
  return sim.faults.list().map(viewOf);
}

export function getFault(sim: Simulation, id: string): FaultView {
  const fault = sim.faults.get(id);
  if (fault) return viewOf(fault);
  throw new ControlRefusal('not_found', `There is no fault ${id}.`, {
    known: sim.faults.list().map((one) => one.id),
  });
}

export function deleteFault(sim: Simulation, id: string): void {
  getFault(sim, id);
  sim.faults.delete(id);
}

// A whole number by the name WhatsApp gives it, which is what calls are compared by.
function customer(to: string): string {
  return to.endsWith('*') ? `${digitsOf(to)}*` : waId(digitsOf(to));
}

function viewOf({ until, ...fault }: Fault): FaultView {
  return { ...fault, until: until === null ? null : new Date(until).toISOString() };
}
