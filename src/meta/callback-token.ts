// The token that goes with every send in biz_opaque_callback_data and comes back on its statuses:
// `k1.<message>.<attempt>.<MAC>`. The MAC binds it to the number, so that nobody else on the WABA can steer a match.
import { equalTexts, hmacSha256 } from '../kernel/secrets.ts';
import { isId, type MessageId } from '../kernel/ids.ts';

/** 64 bits. */
const MAC_CHARACTERS = 16;

export interface SentAttempt {
  phoneNumberId: string;
  messageId: string;
  attempt: number;
}

export function callbackToken(key: Buffer, sent: SentAttempt): string {
  return `k1.${sent.messageId}.${sent.attempt}.${mac(key, sent)}`;
}

/** The message and attempt a token stands for; undefined when it is not one of ours for this number. */
export function readCallbackToken(
  key: Buffer,
  phoneNumberId: string,
  token: string,
): { messageId: MessageId; attempt: number } | undefined {
  const [version, messageId, attempt, sum, ...rest] = token.split('.');
  if (version !== 'k1' || messageId === undefined || sum === undefined || rest.length > 0) return undefined;
  if (!isId('msg', messageId) || !/^\d{1,4}$/.test(attempt ?? '')) return undefined;
  const sent = { phoneNumberId, messageId, attempt: Number(attempt) };
  return equalTexts(sum, mac(key, sent)) ? { messageId, attempt: sent.attempt } : undefined;
}

// Nearly every status comes within minutes of its send, and most messages have three: a MAC that was made is kept, the latest
// thousands of them in two halves, of which the older is dropped when the younger is full.
const KEPT_HALF = 10_000;
const kept = new WeakMap<Buffer, { younger: Map<string, string>; older: Map<string, string> }>();

function mac(key: Buffer, sent: SentAttempt): string {
  const name = `${sent.phoneNumberId}.${sent.messageId}.${sent.attempt}`;
  const macs = kept.get(key) ?? { younger: new Map(), older: new Map() };
  const known = macs.younger.get(name) ?? macs.older.get(name);
  if (known !== undefined) return known;
  const made = hmacSha256(key, name).slice(0, MAC_CHARACTERS);
  if (macs.younger.size >= KEPT_HALF) [macs.older, macs.younger] = [macs.younger, new Map()];
  macs.younger.set(name, made);
  kept.set(key, macs);
  return made;
}
