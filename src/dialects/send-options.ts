// The headers by which a caller says how a send is to be treated, the same in every dialect.
import { KurirError } from '../kernel/errors.ts';
import type { Priority } from '../messages/message.ts';
import type { Call } from './dialect.ts';

export interface SendOptions {
  priority: Priority;
  expiresInMs: number;
  waitMs: number;
}

const EXPIRES_IN_SECONDS = 86_400;
const EXPIRES_IN_SECONDS_MAX = 30 * 86_400;
const WAIT_SECONDS_MAX = 60;

/** Reads `Kurir-Priority`, `Kurir-Expires-In` and `Prefer`; throws `invalid_field_value` with the header's name as `param`. */
export function readSendOptions(call: Call): SendOptions {
  return {
    priority: priorityOf(header(call, 'Kurir-Priority')),
    expiresInMs: secondsOf(header(call, 'Kurir-Expires-In')) * 1_000,
    waitMs: waitOf(header(call, 'Prefer'), call.rooms.ctx.config.sendWaitMs),
  };
}

function header(call: Call, name: string): string | undefined {
  const value = call.headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(',') : value;
}

function priorityOf(text: string | undefined): Priority {
  const word = text?.trim().toLowerCase() ?? 'normal';
  if (word === 'high' || word === 'normal' || word === 'bulk') return word;
  throw new KurirError('invalid_field_value', 'The header Kurir-Priority must be high, normal or bulk.', {
    param: 'Kurir-Priority',
  });
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return EXPIRES_IN_SECONDS;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= EXPIRES_IN_SECONDS_MAX) return seconds;
  const range = `The header Kurir-Expires-In must be whole seconds from 1 to ${EXPIRES_IN_SECONDS_MAX}.`;
  throw new KurirError('invalid_field_value', range, { param: 'Kurir-Expires-In' });
}

// RFC 7240: what is not understood in Prefer is ignored.
function waitOf(text: string | undefined, defaultMs: number): number {
  if (text === undefined) return defaultMs;
  if (/(^|[,;])\s*respond-async\s*($|[,;])/i.test(text)) return 0;
  const wait = /(?:^|[,;])\s*wait="?(\d{1,6})"?\s*(?:$|[,;])/i.exec(text)?.[1];
  return wait === undefined ? defaultMs : Math.min(Number(wait), WAIT_SECONDS_MAX) * 1_000;
}
