// Phone numbers, by libphonenumber's *possible* check only: valid ranges change faster than any library, and the
// documents' own examples use numbers that no operator hands out.
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** The digits of a phone number written with `+` or as bare digits, with the usual spaces and signs; null if it cannot be one. */
export function phoneDigits(text: string): string | null {
  if (text.length > 40 || !/^\s*\+?[\d\s().-]+$/.test(text)) return null;
  const digits = text.replace(/\D/g, '');
  if (digits.startsWith('0')) return null;
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  return parsed?.isPossible() ? digits : null;
}
