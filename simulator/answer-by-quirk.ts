// Magic numbers that answer what they get: with STOP, by the first button, by the last row of a list.
import { receiveFrom } from './customer.ts';
import type { Asked } from './inbound/index.ts';
import { phoneOf } from './phones.ts';
import type { Simulation } from './simulation.ts';
import { tapTargets } from './tap-targets.ts';
import type { Outbound } from './world.ts';

const ANSWER_AFTER_MS = 2000;

export function answerByQuirk(sim: Simulation, message: Outbound): void {
  const asked = answerOf(sim, message);
  if (!asked) return;
  const { number, phone, wamid } = message.fact;
  const quotes = asked.type === 'text' ? {} : { quotes: wamid };
  sim.clock.after(ANSWER_AFTER_MS, () => receiveFrom(sim, { number, phone, asked, ...quotes }));
}

function answerOf(sim: Simulation, message: Outbound): Asked | undefined {
  const { quirk } = phoneOf(sim, message.fact.phone);
  if (quirk === 'says_stop') return { type: 'text', text: 'STOP' };
  if (quirk === 'taps_first_button')
    return tapTargets(sim, message).find((one) => one.sort === 'button')?.asked;
  if (quirk === 'picks_last_row')
    return tapTargets(sim, message).findLast((one) => one.sort === 'row')?.asked;
  return undefined;
}
