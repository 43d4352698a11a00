// Statuses of our messages: matched by the token they echo, else by Meta's id, and applied forward only.
import type { Context } from '../context.ts';
import type { Failure } from '../kernel/errors.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { Hearing } from '../lanes/hearing.ts';
import type { Hints } from '../lanes/hints.ts';
import type { Lanes, TooMuch } from '../lanes/lanes.ts';
import type { Progress } from '../messages/progress.ts';
import type { Progresser } from '../messages/progress-message.ts';
import { idsOfWamids } from '../messages/find-by-wamid.ts';
import { readCallbackToken } from '../meta/callback-token.ts';
import { judgeMetaError } from '../meta/error-table.ts';
import { instantMs, objects, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';

export interface StatusParts {
  progresser: Progresser;
  lanes: Lanes;
  hearing: Hearing;
  hints: Pick<Hints, 'slow'>;
  tokenKey: Buffer;
}

const STATUSES: Record<string, Progress['status']> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  played: 'read',
  failed: 'failed',
};
const NOT_OURS = Promise.resolve(false);
// What the index of wamids can hold, and far more than Meta's have.
const WAMID_CHARACTERS_MAX = 500;

interface Read {
  status: JsonObject;
  wamid: string;
  step: Progress['status'];
  sent: { messageId: string; attempt: number } | undefined;
}

export interface Unmatched {
  status: Json;
  reason: string;
  /** Without a token: the message of this wamid may become known later. */
  early?: string;
}

/** Applies the statuses of one change; returns those that belong to no message of ours, with the reason. */
export async function applyStatuses(
  ctx: Context,
  parts: StatusParts,
  change: { number: BusinessNumber; value: JsonObject },
): Promise<Unmatched[]> {
  const { number } = change;
  const unmatched: Unmatched[] = [];
  const read: Read[] = [];
  for (const status of objects(change.value['statuses'])) {
    const wamid = text(status['id']);
    const step = STATUSES[text(status['status']) ?? ''];
    if (wamid === undefined || wamid.length > WAMID_CHARACTERS_MAX || step === undefined)
      unmatched.push({ status, reason: 'a status that Kurir does not know' });
    else read.push({ status, wamid, step, sent: sentOf(parts.tokenKey, number.phoneNumberId, status) });
  }
  const { organisationId, phoneNumberId } = number;
  const contacts = objects(change.value['contacts']);
  const tokenless = read.filter((one) => !one.sent);
  const byWamid =
    tokenless.length === 0
      ? undefined
      : await idsOfWamids(
          ctx.db,
          tokenless.map(({ wamid }) => ({ organisationId, phoneNumberId, wamid })),
        );
  const applied = await Promise.all(
    read.map((one) => {
      const messageId = one.sent?.messageId ?? byWamid?.get(one.wamid);
      return messageId === undefined
        ? NOT_OURS
        : applyOne(ctx, parts, { ...one, number, messageId, contacts });
    }),
  );
  for (const [i, one] of read.entries()) {
    if (applied[i]) continue;
    const reason = 'a status of a message that Kurir did not send';
    unmatched.push({ status: one.status, reason, ...(one.sent ? {} : { early: one.wamid }) });
  }
  return unmatched;
}

function sentOf(
  tokenKey: Buffer,
  phoneNumberId: string,
  status: JsonObject,
): { messageId: string; attempt: number } | undefined {
  const token = status['biz_opaque_callback_data'];
  return typeof token === 'string' ? readCallbackToken(tokenKey, phoneNumberId, token) : undefined;
}

async function applyOne(
  ctx: Context,
  parts: StatusParts,
  one: Read & { number: BusinessNumber; messageId: string; contacts: JsonObject[] },
): Promise<boolean> {
  const { number } = one;
  const failure = one.step === 'failed' ? failureOf(one.status) : null;
  const row = await parts.progresser.progress({
    organisationId: number.organisationId,
    phoneNumberId: number.phoneNumberId,
    messageId: one.messageId,
    wamid: one.wamid,
    status: one.step,
    at: instantMs(one.status['timestamp']) ?? ctx.clock.now(),
    failure,
    pricing: isObject(one.status['pricing']) ? one.status['pricing'] : null,
    told: { status: one.status, contacts: one.contacts },
  });
  if (!row) return false;
  if (row.attemptAt && (one.sent === undefined || one.sent.attempt === row.attempt))
    parts.hearing.heard(number.phoneNumberId, row.attemptAt);
  if (failure) slow(parts, { ...row, code: failure.providerCode });
  return true;
}

function failureOf(status: JsonObject): Failure {
  const [error] = objects(status['errors']);
  const code = error?.['code'];
  if (!error || typeof code !== 'number')
    return { code: 'whatsapp_error', message: 'Meta told a failure without a reason.', providerCode: null };
  const data = error['error_data'];
  const details = isObject(data) ? text(data['details']) : undefined;
  const message = details ?? text(error['title']) ?? text(error['message']) ?? 'Meta told no reason.';
  return { code: judgeMetaError(code, 400).failure, message, providerCode: code };
}

// A failure told by webhook is final; that Meta finds us too fast holds for what comes after all the same.
function slow(
  { lanes, hints }: StatusParts,
  { phoneNumberId, conversation, code }: Omit<TooMuch, 'code'> & { code: number | null },
): void {
  if (code === null || judgeMetaError(code, 400).action !== 'slower') return;
  const told = { phoneNumberId, conversation, code };
  lanes.dispatcher().slow(told);
  // The lanes may be another node's.
  hints.slow(told);
}
