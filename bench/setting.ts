// The base cell: what is the same for both sides, whoever is measured.
export const APP_SECRET = 'the-app-secret-of-the-bench';
export const GRAPH_TOKEN = 'EAAbench00000000000000000000';
export const WABA_ID = '102290129340398';

export const RECIPIENTS = 5_000;
export const CONNECTIONS = 64;

/** Messages that may be on their way at once under *full*, from the request until the last status is stored. It keeps the run steady:
 *  a side cannot put off the statuses until the sends are over. */
export const OPEN_MAX = 256;

export interface BenchNumber {
  phoneNumberId: string;
  phone: string;
}

export const NUMBERS: readonly BenchNumber[] = Array.from({ length: 10 }, (_, i) => ({
  phoneNumberId: String(106_540_352_242_900 + i),
  phone: String(628_511_760_008_000 + i),
}));

export function recipientOf(place: number): string {
  return String(628_120_000_000 + (place % RECIPIENTS));
}

export function numberOf(place: number): BenchNumber {
  const number = NUMBERS[place % NUMBERS.length];
  if (!number) throw new Error('The base cell has no numbers.');
  return number;
}
