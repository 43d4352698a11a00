// Brings a fresh world to life: its phones, and the messages they wrote before the start. Their windows are open at once;
// the webhooks of what they wrote wait until the callback answers a verification, since the gateway may start later.
import { sleep } from '../src/kernel/clock.ts';
import { tellInbound, writeAs } from './customer.ts';
import { PLAIN_TRAITS } from './fact.ts';
import { phoneOf } from './phones.ts';
import type { PhoneSettings } from './settings.ts';
import { record, type Simulation } from './simulation.ts';
import { verifyCallback } from './verify-callback.ts';
import { windowKey, type Inbound } from './world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const POLL_FIRST_MS = 250;
const POLL_MAX_MS = 2000;

/** Seeds a fresh world, and lets those write again who keep their window open. */
export function seedWorld(sim: Simulation, signal: AbortSignal): void {
  const fresh = !sim.world.seeded;
  const written: Inbound[] = [];
  for (const given of sim.settings.phones) {
    if (fresh) makePhone(sim, given);
    const writes = fresh ? given.wroteMsAgo !== undefined : windowHasClosed(sim, given);
    const message = writes ? wrote(sim, given, fresh) : null;
    if (message) written.push(message);
  }
  if (fresh) record(sim, { fact: 'seeded', at: sim.clock.now() });
  if (written.length > 0) void tellWhenHeard(sim, written, signal);
}

function makePhone(sim: Simulation, given: PhoneSettings): void {
  const digits = given.phone.replaceAll(/\D/g, '');
  const plain = phoneOf(sim, digits);
  record(sim, {
    fact: 'phone',
    at: sim.clock.now(),
    phone: {
      ...PLAIN_TRAITS,
      ...plain,
      name: given.name ?? plain.name,
      online: given.online ?? true,
      autoRead: given.autoRead ?? false,
    },
  });
}

function windowHasClosed(sim: Simulation, given: PhoneSettings): boolean {
  if (given.keepsWindowOpen !== true) return false;
  const phone = given.phone.replaceAll(/\D/g, '');
  return [...sim.world.numbers.keys()].some((number) => {
    const at = sim.world.wroteAt.get(windowKey(number, phone));
    return at !== undefined && sim.clock.now() - at >= DAY_MS;
  });
}

function wrote(sim: Simulation, given: PhoneSettings, fresh: boolean): Inbound | null {
  const number = given.wroteTo ?? sim.settings.numbers[0]?.phoneNumberId;
  if (number === undefined) return null;
  const wamid = fresh ? given.wroteWamid : undefined;
  return writeAs(sim, {
    number,
    phone: given.phone.replaceAll(/\D/g, ''),
    asked: { type: 'text', text: given.wroteText ?? 'Halo, saya mau bertanya.' },
    at: sim.clock.now() - (given.wroteMsAgo ?? 0),
    ...(wamid === undefined ? {} : { wamid }),
  });
}

async function tellWhenHeard(sim: Simulation, written: Inbound[], signal: AbortSignal): Promise<void> {
  const { world } = sim;
  // A simulator that has nowhere to tell is ready all the same.
  sim.awaitsCallback = world.appCallback !== null;
  let waitMs = POLL_FIRST_MS;
  while (!(await answers(sim))) {
    await sleep(sim.wireClock, waitMs, signal);
    if (signal.aborted || sim.world !== world) return;
    waitMs = Math.min(POLL_MAX_MS, waitMs * 2);
  }
  sim.awaitsCallback = false;
  for (const message of written) tellInbound(sim, message);
}

async function answers(sim: Simulation): Promise<boolean> {
  const callback = sim.world.appCallback;
  return callback !== null && (await verifyCallback(sim, callback)).ok;
}
