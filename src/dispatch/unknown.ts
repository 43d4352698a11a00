// Unknown outcomes (docs/protocol.md): when silence means something, and what follows from it. Pure: the clock and the evidence are values.
//
// Silence counts from the later of the call's end and the last gap in our hearing. After `unknownAfterMs` (three times that when a gap
// touched the attempt) AND a status, received after the gap, of a later attempt of the number, the number's policy decides. Without
// such evidence it is `delivery_unknown` after 24 h, never a resend.

export interface Unknown {
  attemptAt: number;
  /** The moment the answer to the call can no longer come. */
  callEndedAt: number;
  policy: 'fail' | 'resend';
  /** Marketing templates are never sent again. */
  resendable: boolean;
}

export interface Evidence {
  /** Times in which no node heard Meta, or one refused a webhook. */
  gaps: readonly { startedAt: number; endedAt: number }[];
  /** The latest attempt of the number that a status was heard of, and when. */
  heard: { attemptAt: number; heardAt: number } | undefined;
  unknownAfterMs: number;
  lookAgainMs: number;
  /** Without evidence, silence ends then. */
  giveUpMs: number;
}

export type Decision = { kind: 'wait'; until: number } | { kind: 'fail' } | { kind: 'resend' };

export function decideUnknown(unknown: Unknown, evidence: Evidence, now: number): Decision {
  if (now >= unknown.callEndedAt + evidence.giveUpMs) return { kind: 'fail' };
  const touching = evidence.gaps.filter((gap) => gap.endedAt >= unknown.attemptAt);
  const gapEndedAt = Math.max(-Infinity, ...touching.map((gap) => gap.endedAt));
  const silentSince = Math.max(unknown.callEndedAt, gapEndedAt);
  const silenceMs = evidence.unknownAfterMs * (touching.length > 0 ? 3 : 1);
  if (now < silentSince + silenceMs) return { kind: 'wait', until: silentSince + silenceMs };
  const { heard } = evidence;
  const evident = heard !== undefined && heard.attemptAt > unknown.attemptAt && heard.heardAt > gapEndedAt;
  if (!evident)
    return {
      kind: 'wait',
      until: Math.min(now + evidence.lookAgainMs, unknown.callEndedAt + evidence.giveUpMs),
    };
  return unknown.policy === 'resend' && unknown.resendable ? { kind: 'resend' } : { kind: 'fail' };
}
