// What faults do to a Graph call: answer in its place, change the answer that was earned, or the way it travels.
import { word } from '../json-parts.ts';
import type { CallEffect, CallFacts } from '../faults.ts';
import { spread } from '../latency.ts';
import { magicNumber } from '../magic-numbers.ts';
import type { Simulation } from '../simulation.ts';
import { errorAnswer, type Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { GraphError, refusal } from './graph-error.ts';
import { isObject } from '../../src/kernel/json.ts';
import { spoiled } from '../media/content.ts';
import { kindOf } from '../media/keep-media.ts';
import { MEDIA_PATH } from '../media/media-links.ts';
import { isReceipt } from './mark-read.ts';
import type { SendManner } from './send-message.ts';
import { waId } from './recipient.ts';

const BUCKET_CODES = { throughput: 130429, pair: 131056, app: 4, waba: 80007 };

export function factsOf(sim: Simulation, call: GraphCall): CallFacts {
  return mediaFacts(sim, call) ?? callFacts(call);
}

// A call about a medium is about the number and the customer it belongs to. Its edges are `getMedia` and `attachments`.
function mediaFacts({ world }: Simulation, call: GraphCall): CallFacts | null {
  const isDownload = call.path === MEDIA_PATH;
  const media = world.media.get(isDownload ? (call.query.get('mid') ?? '') : call.object);
  if (!media) return null;
  const edge = isDownload ? call.edge : call.method === 'GET' ? 'getMedia' : 'deleteMedia';
  const kind = kindOf(media);
  return { edge, number: media.number, to: media.from ?? '', type: kind, kind };
}

function callFacts(call: GraphCall): CallFacts {
  const { fields } = call;
  const type = isReceipt(fields) ? 'receipt' : word(fields['type'] ?? 'text').toLowerCase();
  const part = fields[type];
  const to = fields['to'] ?? fields['recipient'];
  return {
    edge: call.edge,
    number: call.object,
    to: typeof to === 'string' || typeof to === 'number' ? waId(String(to).replaceAll(/[\s()+-]/g, '')) : '',
    type,
    kind: type === 'interactive' && isObject(part) ? word(part['type']) : type,
  };
}

export function isSend({ method, edge, fields }: GraphCall): boolean {
  return method === 'POST' && edge === 'messages' && !isReceipt(fields);
}

/** What is to happen to a call: by the number it is for, and by the faults that were asked for. */
export function effectsOn(sim: Simulation, call: GraphCall, facts: CallFacts): CallEffect[] {
  const effects = sim.faults.ofCall(facts, sim.clock.now());
  const magic = isSend(call) ? magicNumber(facts.to) : undefined;
  if (!magic?.call || (magic.atFirst && sim.world.refusedLast.has(facts.to))) return effects;
  return [magic.call, ...effects];
}

/** How long a call waits before anything is done with it. */
export function heldMs(sim: Simulation, effects: readonly CallEffect[]): number {
  let ms = 0;
  for (const effect of effects)
    if (effect.kind === 'delay' && effect.before) ms += spread(sim.random, effect);
  return ms;
}

/** The answer to a call that a fault keeps from being taken; null: it goes on. */
export function refusedByFault(sim: Simulation, effects: readonly CallEffect[]): Answer | null {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'not_taken':
        return { status: 0, fate: effect.how === 'reset' ? 'reset' : 'swallowed' };
      case 'token_expired':
        return errorAnswer(sim, expired(sim));
      case 'rate_limit':
        return withRetryAfter(effect, errorAnswer(sim, limited(sim, effect)));
      case 'graph_error':
      case 'http_error':
        if (!effect.taken) return faultAnswer(sim, effect);
        break;
      case 'wrong_bytes':
      case 'webhook_error':
      case 'delay':
      case 'lost_answer':
      case 'truncated':
      case 'trickle':
        break;
    }
  }
  return null;
}

/** How a send is to be accepted under the effects. */
export function mannerOf(effects: readonly CallEffect[]): SendManner {
  const manner: SendManner = { reply: 'sent' };
  for (const effect of effects) {
    if (effect.kind === 'webhook_error') manner.failing = effect.code;
    else if (effect.kind === 'lost_answer') manner.reply = effect.how === 'reset' ? 'reset' : 'swallowed';
    else if (effect.kind === 'truncated') manner.reply = 'cut';
    else if ((effect.kind === 'graph_error' || effect.kind === 'http_error') && effect.taken)
      manner.reply = 'error';
  }
  return manner;
}

/** An earned answer, as it leaves under the effects. */
export function bent(sim: Simulation, effects: readonly CallEffect[], earned: Answer): Answer {
  const answer = { ...earned };
  for (const effect of effects) {
    if (effect.kind === 'delay' && !effect.before)
      answer.delayMs = (answer.delayMs ?? 0) + spread(sim.random, effect);
    else if (effect.kind === 'lost_answer') answer.fate = effect.how === 'reset' ? 'reset' : 'swallowed';
    else if (effect.kind === 'truncated') answer.fate = 'cut';
    else if (effect.kind === 'wrong_bytes' && answer.content) answer.content = spoiled(answer.content);
    else if (effect.kind === 'trickle') answer.trickle = { part: effect.part, ms: effect.ms };
    else if ((effect.kind === 'graph_error' || effect.kind === 'http_error') && effect.taken) {
      Object.assign(answer, faultAnswer(sim, effect));
    }
  }
  return answer;
}

type ErrorEffect = Extract<CallEffect, { kind: 'graph_error' | 'http_error' }>;

function faultAnswer(sim: Simulation, effect: ErrorEffect): Answer {
  if (effect.kind === 'graph_error') {
    return withRetryAfter(effect, errorAnswer(sim, refusal(effect.code, effect.details, effect.http)));
  }
  const bytes = Buffer.from('<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1></body></html>');
  return { status: effect.status, bytes, headers: { 'content-type': 'text/html; charset=utf-8' } };
}

type RateLimit = Extract<CallEffect, { kind: 'rate_limit' }>;

function limited({ settings }: Simulation, { bucket, http }: RateLimit): GraphError {
  return refusal(BUCKET_CODES[bucket], undefined, http ?? settings.throttleStatus);
}

function withRetryAfter(
  { retry_after_s: seconds }: { retry_after_s?: number | undefined },
  answer: Answer,
): Answer {
  if (seconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(seconds) } };
}

function expired(sim: Simulation): GraphError {
  const now = sim.clock.now();
  const text = `Session has expired on ${pacific(now - 3_600_000)}. The current time is ${pacific(now)}.`;
  return new GraphError({
    message: `Error validating access token: ${text}`,
    code: 190,
    http: 401,
    subcode: 463,
  });
}

// `Saturday, 29-Jun-24 09:00:00 PDT`
function pacific(at: number): string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles',
    weekday: 'long',
    day: '2-digit',
    month: 'short',
    year: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const get = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return `${get('weekday')}, ${get('day')}-${get('month')}-${get('year')} ${get('hour')}:${get('minute')}:${get('second')} ${get('timeZoneName')}`;
}
