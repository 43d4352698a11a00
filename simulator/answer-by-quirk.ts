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
  switch (phoneOf(sim, message.fact.phone).quirk) {
    case 'says_stop':
      return { type: 'text', text: 'STOP' };
    case 'taps_first_button':
      return tapTargets(sim, message).find((one) => one.sort === 'button')?.asked;
    case 'picks_last_row':
      return tapTargets(sim, message).findLast((one) => one.sort === 'row')?.asked;
    default:
      return undefined;
  }
}
