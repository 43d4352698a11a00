// The story of a message's attempts, in words that an operator understands: what was tried, what came of it, and what is waited for now.
import type { AttemptRecord } from '../../messages/read-messages.ts';
import type { Message } from '../../messages/message.ts';
import type { BusinessNumber } from '../../organisations/numbers.ts';

export interface Telling {
  now: number;
  /** How long Meta may take for an answer, and when an outcome is unknown for good. */
  times: { callTimeoutMs: number; giveUpMs: number };
  number: BusinessNumber | undefined;
  /** For how long this node sends nothing more for the number, if it drives it. */
  stoppedMs: number;
}

interface Told {
  attempt: number;
  started_at: string;
  ended_at: string | null;
  outcome: 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'under_way';
  provider_code: number | null;
  detail: string;
}

/** Every attempt, oldest first: those that ended without Meta's id stand in their table, the last one with the message. */
export function tellAttempts(message: Message, attempts: readonly AttemptRecord[], telling: Telling): Told[] {
  const told = attempts.map((attempt, i) => {
    const next = attempts[i + 1]?.startedAt ?? (attempt.attempt < message.attempt ? message.attemptAt : null);
    return tellEnded(attempt, { after: goesOn(message, next, telling), since: whatCame(message, next) });
  });
  const present = attempts.every((attempt) => attempt.attempt !== message.attempt);
  return present && message.attempt > 0 ? [...told, tellPresent(message)] : told;
}

/** What the message waits for now; undefined when it waits for nothing. */
export function tellWaiting(
  message: Message,
  telling: Telling,
): { for: string; until: string | null; detail: string } | undefined {
  const { readyAt, attemptAt, state } = message;
  if (state === 'queued') return tellQueued(message, telling);
  if (state === 'intended') {
    const until = attemptAt && new Date(attemptAt.getTime() + telling.times.callTimeoutMs).toISOString();
    return { for: 'answer', until, detail: 'Meta has been asked; its answer is awaited.' };
  }
  if (state !== 'unknown') return undefined;
  const since = message.unknownSince ?? message.createdAt;
  const last = new Date(since.getTime() + telling.times.giveUpMs).toISOString();
  const resent = telling.number?.onUnknown === 'resend' && message.type !== 'template';
  const then = resent ? 'Then it is sent again.' : 'Then it fails with delivery_unknown.';
  const evidence = 'once a status of a later message of this number has shown that Meta’s statuses arrive';
  return {
    for: 'status',
    until: readyAt?.toISOString() ?? null,
    detail: `A status of Meta’s would tell. Without one it is decided ${evidence}, and not before enough silence; without that either, it fails at ${last}. ${then}`,
  };
}

// `after`: what was done after a no, or after nothing left; `since`: what came after no word at all.
function tellEnded(record: AttemptRecord, { after, since }: { after: string; since: string }): Told {
  const { attempt, startedAt, endedAt, providerCode } = record;
  const reason = stop(record.detail ?? 'no reason was kept');
  const common = {
    attempt,
    started_at: startedAt.toISOString(),
    ended_at: endedAt.toISOString(),
    provider_code: providerCode,
  };
  if (record.outcome === 'refused')
    return {
      ...common,
      outcome: 'refused',
      detail: `Meta said ${providerCode ?? 'no'}: ${reason} ${after}`.trim(),
    };
  if (record.outcome === 'not sent')
    return { ...common, outcome: 'not_sent', detail: `It did not leave: ${reason} ${after}`.trim() };
  const unknown = `${capital(reason)} Whether it was sent is not known.`;
  return { ...common, outcome: 'unknown', detail: `${unknown} ${since}`.trim() };
}

function goesOn(message: Message, again: Date | null, { now, number }: Telling): string {
  if (again) return `Tried again at ${again.toISOString()}.`;
  if (message.state === 'failed') return 'It was not tried again.';
  if (message.state !== 'queued') return '';
  if (isStopped(number)) return 'It is tried again when the number sends again.';
  const { readyAt } = message;
  return readyAt && readyAt.getTime() > now
    ? `It is tried again at ${readyAt.toISOString()}.`
    : 'It is tried again when it is its turn.';
}

function whatCame(message: Message, again: Date | null): string {
  if (again) return `Nothing was heard of it; sent again at ${again.toISOString()}.`;
  if (message.wamid !== null) return 'A status told later that Meta had it.';
  if (message.state === 'queued') return 'Nothing was heard of it; it is to be sent again.';
  return message.state === 'failed' ? 'Nothing was heard of it.' : '';
}

function tellPresent(message: Message): Told {
  const common = {
    attempt: message.attempt,
    started_at: (message.attemptAt ?? message.createdAt).toISOString(),
    ended_at: message.pendingAt?.toISOString() ?? null,
    provider_code: null,
  };
  if (message.wamid !== null) {
    const detail = message.pendingAt ? 'Meta took the message.' : 'A status told that Meta has the message.';
    return { ...common, outcome: 'accepted', detail };
  }
  if (message.state === 'intended')
    return { ...common, outcome: 'under_way', detail: 'Meta has not answered yet.' };
  const detail = 'It did not leave: this node had lost touch with the database, and began anew.';
  return { ...common, outcome: 'not_sent', detail };
}

interface Waiting {
  for: 'number' | 'turn' | 'retry' | 'pace';
  until: string | null;
  detail: string;
}

function tellQueued(message: Message, telling: Telling): Waiting {
  const { readyAt } = message;
  if (isStopped(telling.number)) return tellStopped(telling.number, telling);
  if (!readyAt)
    return { for: 'turn', until: null, detail: 'It waits behind an earlier message to this recipient.' };
  if (readyAt.getTime() > telling.now && message.attempt > 0)
    return { for: 'retry', until: readyAt.toISOString(), detail: 'It is tried again then.' };
  return { for: 'pace', until: null, detail: 'It waits for its turn in the queue of the number.' };
}

function isStopped(number: BusinessNumber | undefined): number is BusinessNumber {
  return number !== undefined && number.status !== 'connected';
}

function tellStopped(number: BusinessNumber, { now, stoppedMs }: Telling): Waiting {
  const { phoneNumberId, statusReason, statusSince } = number;
  const until = stoppedMs > 0 ? new Date(now + stoppedMs).toISOString() : null;
  const why = stop(statusReason ?? `it is ${number.status}`);
  const tried = until === null ? 'now and then' : `next at ${until}`;
  const next =
    number.status === 'degraded'
      ? `One message tries ${tried} whether Meta takes it again.`
      : 'Nothing of it is tried before that is repaired.';
  const repair = `If its token is at fault, set a new one (kurir numbers set ${phoneNumberId} --token-file FILE), and it goes on at once; what Meta restricts must be lifted at Meta.`;
  const detail = `The number ${phoneNumberId} has been stopped since ${statusSince.toISOString()}: ${why} Its queue is kept. ${next} ${repair}`;
  return { for: 'number', until, detail };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function stop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
