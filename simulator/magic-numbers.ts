// Numbers that fail, or answer, without any preparation: +1 202 555 01xx, a range that nobody has. The last digits carry the
// meaning: 01 to 18 what the customer's phone does, 19 and from 80 on what becomes of the call, or of its webhooks. Their free-form
// window is always open, so that a text shows what the number is for.
import { PLAIN_TRAITS, type PhoneTraits } from './fact.ts';
import type { CallEffect, WebhookEffect } from './faults.ts';

export interface MagicNumber {
  phone: string;
  name: string;
  does: string;
  traits: PhoneTraits;
  /** What happens to each send. */
  call?: CallEffect;
  /** Only while the send before it was not refused: what was refused is taken when it is repeated. */
  atFirst?: true;
  /** What happens to the webhook of each status. */
  webhook?: WebhookEffect;
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

type Effects = Pick<MagicNumber, 'call' | 'atFirst' | 'webhook'>;

function faulty(last: string, does: string, effects: Effects): MagicNumber {
  return { ...magic(last, does, {}), ...effects };
}

const SLOW_MS = 3000;
const LATE_MS = 60_000;

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
  faulty('10', 'pair rate limit hit (131056)', { call: { kind: 'rate_limit', bucket: 'pair' } }),
  magic('11', 'failed, then delivered all the same', { quirk: 'failed_then_delivered' }),
  faulty('12', 'every status told three times', { webhook: { kind: 'duplicate', n: 3 } }),
  magic('13', 'delivered told before sent', { quirk: 'out_of_order' }),
  magic('14', 'answers "STOP"', { quirk: 'says_stop' }),
  magic('15', 'taps the first button after two seconds', { quirk: 'taps_first_button' }),
  magic('16', 'picks the last row of a list', { quirk: 'picks_last_row' }),
  faulty('17', 'the Graph fails at first with 500 (131000), then takes it', {
    call: { kind: 'graph_error', code: 131000, http: 500 },
    atFirst: true,
  }),
  magic('18', 'expires without a word: sent, then nothing', { quirk: 'expires_silently' }),
  faulty('19', 'taken; the answer comes after three seconds', { call: { kind: 'delay', ms: SLOW_MS } }),
  faulty('80', 'refused at first with 429 (130429, Retry-After: 1), then taken', {
    call: { kind: 'rate_limit', bucket: 'throughput', http: 429, retry_after_s: 1 },
    atFirst: true,
  }),
  faulty('81', 'at first 502 and no word of the Graph, then taken', {
    call: { kind: 'http_error', status: 502 },
    atFirst: true,
  }),
  faulty('82', 'at first the connection is reset and nothing taken, then taken', {
    call: { kind: 'not_taken', how: 'reset' },
    atFirst: true,
  }),
  faulty('83', 'at first no answer and nothing taken, then taken', {
    call: { kind: 'not_taken', how: 'timeout' },
    atFirst: true,
  }),
  faulty('84', 'taken; the connection is reset', { call: { kind: 'lost_answer', how: 'reset' } }),
  faulty('85', 'taken; no answer ever', { call: { kind: 'lost_answer', how: 'timeout' } }),
  faulty('86', 'taken; half an answer', { call: { kind: 'truncated' } }),
  faulty('87', 'taken, and yet 500 (131000)', {
    call: { kind: 'graph_error', code: 131000, http: 500, taken: true },
  }),
  faulty('88', 'taken, and yet 502 without a word of the Graph', {
    call: { kind: 'http_error', status: 502, taken: true },
  }),
  faulty('89', 'taken; the head of the answer trickles in for three seconds', {
    call: { kind: 'trickle', part: 'headers', ms: SLOW_MS },
  }),
  faulty('90', 'taken; the body of the answer trickles in for three seconds', {
    call: { kind: 'trickle', part: 'body', ms: SLOW_MS },
  }),
  faulty('91', 'statuses told a minute late', { webhook: { kind: 'webhook_delay', ms: LATE_MS } }),
  faulty('92', 'no status ever told', { webhook: { kind: 'drop' } }),
  faulty('93', 'statuses with a forged signature', { webhook: { kind: 'forged_signature' } }),
];

const BY_PHONE = new Map(MAGIC_NUMBERS.map((one) => [one.phone, one]));

export function magicNumber(phone: string): MagicNumber | undefined {
  return phone.startsWith(PREFIX) ? BY_PHONE.get(phone) : undefined;
}
