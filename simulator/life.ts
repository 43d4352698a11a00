// The life of a message after its 200: nothing → sent → delivered → read, each after its delay and as far as the customer's
// phone lets it; or failed. A message that waits (phone offline, not read) goes on when the phone changes.
//   accepted  → failed     when it was accepted with a failure to come
//             → sent       otherwise
//   sent      → delivered  when the phone is online and has not blocked the business; reactions stop here
//   delivered → read       when the phone reads what it gets
import type { Status } from './fact.ts';
import { phoneOf } from './phones.ts';
import { record, type Simulation } from './simulation.ts';
import { statusUpdate } from './updates.ts';
import type { Outbound } from './world.ts';

interface Step {
  status: Status;
  afterMs: number;
  code?: number;
}

/** Lets a message live on from where it is. */
export function goOn(sim: Simulation, message: Outbound): void {
  const step = nextStep(sim, message);
  if (!step) return;
  const stage = message.history.length;
  const act = (): void => {
    // Someone else (a control call) may have moved it in the meantime, and then has let it go on, too.
    if (message.history.length === stage && nextStep(sim, message)?.status === step.status)
      tellStatus(sim, message, step);
  };
  if (step.afterMs === 0) setImmediate(act);
  else sim.clock.after(step.afterMs, act);
}

/** Gives a message a status now, tells the subscriber, and lets it live on. */
export function tellStatus(
  sim: Simulation,
  message: Outbound,
  step: { status: Status; code?: number },
): void {
  const { status, code } = step;
  record(sim, {
    fact: 'status',
    at: sim.clock.now(),
    wamid: message.fact.wamid,
    status,
    ...(code === undefined ? {} : { code }),
  });
  const update = statusUpdate(sim, message, message.history.length - 1);
  if (update) sim.push.post(update);
  goOn(sim, message);
}

function nextStep(sim: Simulation, message: Outbound): Step | null {
  const { fact, history } = message;
  const delays = sim.settings.statusDelaysMs;
  switch (history.at(-1)?.status) {
    case undefined:
      if (fact.failing !== undefined) return { status: 'failed', afterMs: delays.sent, code: fact.failing };
      return { status: 'sent', afterMs: delays.sent };
    case 'sent': {
      const phone = phoneOf(sim, fact.phone);
      if (fact.type === 'reaction' || phone.blocked || !phone.online) return null;
      return { status: 'delivered', afterMs: delays.delivered };
    }
    case 'delivered':
      return phoneOf(sim, fact.phone).autoRead ? { status: 'read', afterMs: delays.read } : null;
    case 'read':
    case 'played':
    case 'failed':
      return null;
  }
}
