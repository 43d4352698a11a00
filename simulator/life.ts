// The life of a message after its 200: nothing → sent → delivered → read, each after its delay and as far as the customer's
// phone lets it; or failed. A message that waits (phone offline, not read) goes on when the phone changes.
//   accepted  → failed     when it was accepted with a failure to come
//             → sent       otherwise
//   sent      → delivered  when the phone is online and has not blocked the business; reactions stop here
//   delivered → read       when the phone reads what it gets
// The quirks of magic numbers bend it: see `bentStep`.
import { answerByQuirk } from './answer-by-quirk.ts';
import type { Phone, Status } from './fact.ts';
import { phoneOf } from './phones.ts';
import { record, type Simulation } from './simulation.ts';
import { soon } from './soon.ts';
import type { Update } from './envelope.ts';
import { nobodyHears, tell } from './tell.ts';
import { statusUpdate } from './updates.ts';
import type { Outbound } from './world.ts';

interface Step {
  status: Status;
  afterMs: number;
  code?: number;
}

const HOUR_MS = 3_600_000;

/** Lets a message live on from where it is. */
export function goOn(sim: Simulation, message: Outbound): void {
  const step = nextStep(sim, message);
  if (!step) return;
  const stage = message.history.length;
  const act = (): void => {
    // A control call may have moved it in the meantime, or a reset forgotten it.
    if (message.history.length !== stage || sim.world.messages.get(message.fact.wamid) !== message) return;
    if (nextStep(sim, message)?.status === step.status) tellStatus(sim, message, step);
  };
  if (step.afterMs === 0) soon(sim, act);
  else sim.clock.after(step.afterMs, act);
}

export interface NewStatus {
  status: Status;
  code?: number;
}

/** Gives a message a status now, tells the subscriber, and lets it live on. */
export function tellStatus(sim: Simulation, message: Outbound, change: NewStatus): void {
  const { number, phone, type } = message.fact;
  const update = setStatus(sim, message, change);
  if (update) tell(sim, update, { number, to: phone, type, status: change.status });
}

/** The same, but telling is left to the caller; null: there is nobody to be told. */
export function setStatus(sim: Simulation, message: Outbound, { status, code }: NewStatus): Update | null {
  const { wamid } = message.fact;
  const change = { fact: 'status' as const, at: sim.clock.now(), wamid, status };
  record(sim, code === undefined ? change : { ...change, code });
  const place = message.history.length - 1;
  const update = statusUpdate(sim, message, place);
  if (!update) nobodyHears(sim, `${wamid}#${place}`);
  // What follows from it happens in a later turn of the event loop: after it was told.
  if (status === 'delivered') answerByQuirk(sim, message);
  goOn(sim, message);
  return update;
}

function nextStep(sim: Simulation, message: Outbound): Step | null {
  const { fact, history } = message;
  const phone = phoneOf(sim, fact.phone);
  if (phone.quirk !== null && fact.failing === undefined) {
    const bent = bentStep(sim, message, phone);
    if (bent !== undefined) return bent;
  }
  const delays = sim.settings.statusDelaysMs;
  switch (history.at(-1)?.status) {
    case undefined:
      if (fact.failing !== undefined) return { status: 'failed', afterMs: delays.sent, code: fact.failing };
      return { status: 'sent', afterMs: delays.sent };
    case 'sent':
      if (fact.type === 'reaction' || phone.blocked || !phone.online) return null;
      return { status: 'delivered', afterMs: delays.delivered };
    case 'delivered':
      return phone.autoRead && fact.group === undefined ? { status: 'read', afterMs: delays.read } : null;
    case 'read':
    case 'played':
    case 'failed':
      return null;
  }
}

// Undefined: as any other phone.
function bentStep(sim: Simulation, message: Outbound, { quirk }: Phone): Step | null | undefined {
  const last = message.history.at(-1)?.status;
  const { sent, delivered } = sim.settings.statusDelaysMs;
  if (quirk === 'out_of_order') {
    if (last === undefined) return { status: 'delivered', afterMs: sent + delivered };
    return last === 'delivered' ? { status: 'sent', afterMs: sent } : null;
  }
  if (quirk === 'failed_then_delivered') {
    if (last === 'sent') return { status: 'failed', afterMs: delivered, code: 131026 };
    return last === 'failed' ? { status: 'delivered', afterMs: delivered } : undefined;
  }
  if (last !== 'sent') return undefined;
  if (quirk === 'expires_silently') return null;
  return quirk === 'offline_hour' ? { status: 'delivered', afterMs: HOUR_MS } : undefined;
}
