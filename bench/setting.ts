// What is the same for all sides, whoever is measured: who sends, to whom, and the sizes of the base cell.
export const APP_SECRET = 'the-app-secret-of-the-bench';
export const VERIFY_TOKEN = 'the-verify-token-of-the-bench';
export const GRAPH_TOKEN = 'EAAbench00000000000000000000';
export const WABA_ID = '102290129340398';

export const NUMBERS = 10;
export const RECIPIENTS = 5_000;
export const CONNECTIONS = 64;
export const META_CONNECTIONS = 256;

/** Messages that may be on their way at once under *full*, from the request until the last status is stored. It keeps the run steady:
 *  a side cannot put off the statuses until the sends are over. */
export const OPEN_MAX = 256;

export interface BenchNumber {
  phoneNumberId: string;
  phone: string;
}

/** So many numbers of one pace (messages a second; null: none). */
export interface NumberGroup {
  count: number;
  pace: number | null;
}

/** Who sends to whom: `count` of the `of` numbers, from `first` on, each to its own share of the recipients, whose phone numbers begin
 *  with `from`. */
export interface Audience {
  first: number;
  count: number;
  of: number;
  from: number;
  recipients: number;
}

export const EVERYBODY: Audience = {
  first: 0,
  count: NUMBERS,
  of: NUMBERS,
  from: 628_120_000_000,
  recipients: RECIPIENTS,
};

export function numberAt(index: number): BenchNumber {
  return {
    phoneNumberId: String(106_540_352_242_900 + index),
    phone: String(628_511_760_008_000 + index),
  };
}

export function phoneIdAt(place: number, { first, count }: Audience): string {
  return numberAt(first + (place % count)).phoneNumberId;
}

/** Recipient r belongs to number r modulo `of`, whichever of the numbers send. */
export function recipientAt(place: number, { first, count, of, from, recipients }: Audience): string {
  const mine = Math.floor(place / count) * of + first + (place % count);
  return String(from + (mine % recipients));
}
