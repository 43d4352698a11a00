// Customers' phones: found by number or user id. A number that nobody made is a phone too, with a name and a user id that
// always come out the same for it, so that sending to thousands of numbers keeps nothing for each.
import { createHash } from 'node:crypto';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { PLAIN_TRAITS, type Phone, type PhoneTraits } from './fact.ts';
import { record, type Simulation } from './simulation.ts';

/** The phone of a number: as it was made, or a plain one. */
export function phoneOf(sim: Simulation, digits: string): Phone {
  return sim.world.phones.get(digits) ?? plainPhone(digits);
}

/** Changes a phone's traits, and keeps it from then on. */
export function changePhone(
  sim: Simulation,
  digits: string,
  change: Partial<PhoneTraits & { name: string }>,
): Phone {
  const phone: Phone = { ...phoneOf(sim, digits), ...change };
  record(sim, { fact: 'phone', at: sim.clock.now(), phone });
  return phone;
}

const NAMES = ['Siti', 'Budi', 'Ana', 'João', 'Priya', 'Chidi', 'Mei', 'Omar', 'Lena', 'Mateo'];

function plainPhone(digits: string): Phone {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) sum = (sum * 31 + digits.charCodeAt(i)) >>> 0;
  const name = NAMES[sum % NAMES.length] ?? 'Siti';
  return { phone: digits, userId: userIdOf(digits), name, typingUntil: 0, ...PLAIN_TRAITS };
}

const userIds = new Map<string, string>();
const USER_IDS_MAX = 20_000;

// `CC.` and 16 digits that belong to the number alone.
function userIdOf(digits: string): string {
  const known = userIds.get(digits);
  if (known !== undefined) return known;
  const country = parsePhoneNumberFromString(`+${digits}`)?.country ?? 'US';
  const number = createHash('sha256').update(digits).digest().readBigUInt64BE() % 10n ** 16n;
  const userId = `${country}.${String(number).padStart(16, '1')}`;
  if (userIds.size >= USER_IDS_MAX) userIds.clear();
  userIds.set(digits, userId);
  return userId;
}
