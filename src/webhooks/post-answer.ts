// What is kept of a receiver's answer: its status, when it wants to be asked again, and the beginning of what it says, for people to
// read and for PostgreSQL to hold. It is never unpacked: a compressed answer shows as what it is.
import type { Clock } from '../kernel/clock.ts';

export interface Answer {
  begin(status: number, retryAfter: string | string[] | undefined): void;
  /** False: enough was read. */
  add(chunk: Buffer): boolean;
  read(): { status: number; retryAfterMs: number | null; excerpt: string };
  /** What has not come yet, in words. */
  missing(): string;
}

const ANSWER_BYTES_MAX = 64 * 1024;
const EXCERPT_CHARACTERS_MAX = 1_000;
const EXCERPT_BYTES_MAX = 4 * EXCERPT_CHARACTERS_MAX;
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

export function createAnswer(clock: Clock): Answer {
  let status = 0;
  let retryAfterMs: number | null = null;
  let size = 0;
  const chunks: Buffer[] = [];
  return {
    begin(given, retryAfter) {
      status = given;
      retryAfterMs = readRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, clock.now());
    },
    add(chunk) {
      if (size < EXCERPT_BYTES_MAX) chunks.push(chunk.subarray(0, EXCERPT_BYTES_MAX - size));
      size += chunk.length;
      return size < ANSWER_BYTES_MAX;
    },
    read: () => ({ status, retryAfterMs, excerpt: excerptOf(chunks) }),
    missing: () => (status < 200 ? 'no answer came' : `the answer (${status}) did not end`),
  };
}

/** Seconds, or the date of HTTP; at the most a day. */
export function readRetryAfter(text: string | undefined, now: number): number | null {
  const given = text?.trim() ?? '';
  if (/^\d{1,12}$/.test(given)) return Math.min(Number(given) * 1_000, RETRY_AFTER_MS_MAX);
  const at = /^[A-Z][a-z]{2,8}, .{10,30} GMT$/.test(given) ? Date.parse(given) : Number.NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), RETRY_AFTER_MS_MAX);
}

// Decoding makes well-formed text of any bytes; what remains is NUL, which PostgreSQL does not hold.
function excerptOf(chunks: Buffer[]): string {
  if (chunks.length === 0) return '';
  const text = Buffer.concat(chunks).toString('utf8').replaceAll('\0', '\ufffd');
  return text.length <= EXCERPT_CHARACTERS_MAX ? text : [...text].slice(0, EXCERPT_CHARACTERS_MAX).join('');
}
