// Numbers that fail, or answer, without any preparation: +1 202 555 01xx, a range that nobody has. The last digits carry the
// meaning. The free-form window of the first eighteen is always open, so that a text shows what the number is for.
import { PLAIN_TRAITS, type PhoneTraits } from './fact.ts';

export interface MagicNumber {
  phone: string;
  name: string;
  does: string;
  traits: PhoneTraits;
}

const PREFIX = '120255501';

function magic(last: string, does: string, traits: Partial<PhoneTraits>): MagicNumber {
  return {
    phone: `${PREFIX}${last}`,
    name: `Magic ${last}`,
    does,
    traits: { ...PLAIN_TRAITS, window: 'open', ...traits },
  };
}

export const MAGIC_NUMBERS: readonly MagicNumber[] = [
  { ...magic('00', 'an ordinary phone', { window: 'tracked' }), name: 'Siti' },
  magic('01', 'reads at once', { autoRead: true }),
  magic('02', 'delivered, never read', {}),
  magic('03', 'offline for an hour', { quirk: 'offline_hour' }),
  magic('04', 'not on WhatsApp (131026)', { onWhatsapp: false }),
  magic('05', 'has blocked the business: sent, never delivered', { blocked: true }),
  magic('06', 'window always closed (131047)', { window: 'closed' }),
  magic('07', 'marketing withheld (131049)', { quirk: 'marketing_capped' }),
  magic('08', 'opted out of marketing (131050)', { optedOut: true }),
  magic('09', 'media cannot be fetched (131053)', { quirk: 'media_fails' }),
  magic('10', 'pair rate limit hit (131056)', { quirk: 'pair_limited' }),
  magic('11', 'failed, then delivered all the same', { quirk: 'failed_then_delivered' }),
  magic('12', 'every status told three times', { quirk: 'told_three_times' }),
  magic('13', 'delivered told before sent', { quirk: 'out_of_order' }),
  magic('14', 'answers "STOP"', { quirk: 'says_stop' }),
  magic('15', 'taps the first button after two seconds', { quirk: 'taps_first_button' }),
  magic('16', 'picks the last row of a list', { quirk: 'picks_last_row' }),
  magic('17', 'the Graph fails once with 500, then takes it', { quirk: 'refused_once' }),
  magic('18', 'expires without a word: sent, then nothing', { quirk: 'expires_silently' }),
];

const BY_PHONE = new Map(MAGIC_NUMBERS.map((one) => [one.phone, one]));

export function magicNumber(phone: string): MagicNumber | undefined {
  return phone.startsWith(PREFIX) ? BY_PHONE.get(phone) : undefined;
}
