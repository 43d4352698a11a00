// Customers' phones: found by number or user id. A number that nobody made is a phone too, with a name and a user id that
// always come out the same for it, so that sending to thousands of numbers keeps nothing for each.
import { createHash } from 'node:crypto';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { PLAIN_TRAITS, type Phone } from './fact.ts';
import { magicNumber } from './magic-numbers.ts';
import { record, type Simulation } from './simulation.ts';

/** The phone of a number: as it was made, or a plain one. */
export function phoneOf(sim: Simulation, digits: string): Phone {
  return sim.world.phones.get(digits) ?? sim.strangers.get(digits) ?? stranger(sim, digits);
}

/** Changes a phone, and keeps it from then on. */
export function changePhone(sim: Simulation, digits: string, change: Partial<Phone>): Phone {
  const phone: Phone = { ...phoneOf(sim, digits), ...change };
  record(sim, { fact: 'phone', at: sim.clock.now(), phone });
  return phone;
}

const NAMES = ['Siti', 'Budi', 'Ana', 'João', 'Priya', 'Chidi', 'Mei', 'Omar', 'Lena', 'Mateo'];
const STRANGERS_MAX = 20_000;

// Worked out from the number alone, and remembered only to save the work.
function stranger(sim: Simulation, digits: string): Phone {
  const magic = magicNumber(digits);
  const hash = createHash('sha256').update(digits).digest();
  const name = magic?.name ?? NAMES[hash.readUInt8(8) % NAMES.length] ?? 'Siti';
  const country = parsePhoneNumberFromString(`+${digits}`)?.country ?? 'US';
  const userId = `${country}.${String(hash.readBigUInt64BE() % 10n ** 16n).padStart(16, '1')}`;
  const phone: Phone = { phone: digits, userId, name, typingUntil: 0, ...(magic?.traits ?? PLAIN_TRAITS) };
  if (sim.strangers.size >= STRANGERS_MAX) sim.strangers.clear();
  sim.strangers.set(digits, phone);
  return phone;
}
