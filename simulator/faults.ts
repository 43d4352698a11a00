// Faults that someone asked for: each matches some requests or webhooks and has one effect on them, always, by chance, every so
// many, so many times, or until a moment. A fault changes what is told or answered, never the rules.
import type { Random } from '../src/kernel/random.ts';
import type { Forgery, Layout, Order } from './envelope.ts';

export interface FaultMatch {
  number?: string | undefined;
  /** Digits of a customer, or how they begin: `6281*`. */
  to?: string | undefined;
  /** The message's type or interactive type; `receipt` for read receipts. */
  type?: string | undefined;
  /** Of a Graph call: `messages` when absent; `*` for all. Of a link: where it is told, `webhook` or `getMedia`; both when absent. */
  edge?: string | undefined;
  /** Of a webhook: a status, or `message` for what customers write. */
  status?: string | undefined;
}

/** What happens to a Graph call. */
export type CallEffect =
  /** A refusal as Meta words it; `taken`: and yet the message was accepted. */
  | {
      kind: 'graph_error';
      code: number;
      http?: number | undefined;
      details?: string | undefined;
      taken?: boolean | undefined;
      retry_after_s?: number | undefined;
    }
  /** An answer that is no Graph JSON, as from a proxy in between. */
  | { kind: 'http_error'; status: number; taken?: boolean | undefined }
  /** Accepted, then failed by webhook. */
  | { kind: 'webhook_error'; code: number }
  /** The answer comes late; `before`: it is also accepted late. */
  | { kind: 'delay'; ms: number; spread_ms?: number | undefined; before?: boolean | undefined }
  /** Accepted, but the answer never arrives. */
  | { kind: 'lost_answer'; how: 'reset' | 'timeout' }
  /** Not accepted, and no answer either. */
  | { kind: 'not_taken'; how: 'reset' | 'timeout' }
  /** Accepted; half of the answer arrives. */
  | { kind: 'truncated' }
  /** The head of the answer, or its body, comes drop by drop. */
  | { kind: 'trickle'; part: 'headers' | 'body'; ms: number }
  | {
      kind: 'rate_limit';
      bucket: 'throughput' | 'pair' | 'app' | 'waba';
      http?: number | undefined;
      retry_after_s?: number | undefined;
    }
  | { kind: 'token_expired' }
  /** Of a download: so many bytes as told, but not those. */
  | { kind: 'wrong_bytes' };

/** What happens to a webhook. */
export type WebhookEffect =
  | { kind: 'duplicate'; n: number }
  | { kind: 'reorder' }
  | { kind: 'drop' }
  | { kind: 'batch'; size: number; layout?: Layout | undefined; order?: Order | undefined }
  | { kind: 'forged_signature'; how?: Forgery | undefined }
  | { kind: 'webhook_delay'; ms: number; spread_ms?: number | undefined };

/** What happens to a link to a medium: it has expired when it is handed out. */
export type LinkEffect = { kind: 'expired_link' };

export type Effect = CallEffect | WebhookEffect | LinkEffect;

export interface Fault {
  id: string;
  match: FaultMatch;
  effect: Effect;
  probability: number;
  /** So many that match pass first. */
  after: number;
  /** Of the others, each of this number: 1 is all of them. */
  every: number;
  /** How often it may still happen; null: always. */
  times: number | null;
  /** Milliseconds of the world's clock; null: for ever. */
  until: number | null;
  /** How many have matched. */
  seen: number;
  hits: number;
}

export interface CallFacts {
  edge: string;
  number: string;
  to: string;
  type: string;
  kind: string;
}

export interface WebhookFacts {
  number: string;
  to: string;
  type: string;
  status: string;
}

export interface Faults {
  put(fault: Fault): void;
  get(id: string): Fault | undefined;
  list(): Fault[];
  delete(id: string): boolean;
  clear(): void;
  /** The effects on a call, in the order the faults were put; each counts as a hit. */
  ofCall(facts: CallFacts, now: number): CallEffect[];
  ofWebhook(facts: WebhookFacts, now: number): WebhookEffect[];
  ofLink(facts: CallFacts, now: number): LinkEffect[];
}

const WEBHOOK_KINDS = new Set(['duplicate', 'reorder', 'drop', 'batch', 'forged_signature', 'webhook_delay']);

export function createFaults(random: Random): Faults {
  const faults = new Map<string, Fault>();

  function hits(fault: Fault, now: number): boolean {
    if (fault.times === 0 || (fault.until !== null && now >= fault.until)) return false;
    const place = ++fault.seen - fault.after;
    if (place <= 0 || place % fault.every !== 0) return false;
    if (fault.probability < 1 && random() >= fault.probability) return false;
    fault.hits++;
    if (fault.times !== null) fault.times--;
    return true;
  }

  function effects<Kind extends Effect>(
    now: number,
    is: (effect: Effect) => effect is Kind,
    matches: (match: FaultMatch) => boolean,
  ): Kind[] {
    const found: Kind[] = [];
    for (const fault of faults.values()) {
      const { effect } = fault;
      if (is(effect) && matches(fault.match) && hits(fault, now)) found.push(effect);
    }
    return found;
  }

  return {
    put: (fault) => void faults.set(fault.id, fault),
    get: (id) => faults.get(id),
    list: () => [...faults.values()],
    delete: (id) => faults.delete(id),
    clear: () => faults.clear(),
    ofCall: (facts, now) => effects(now, isCallEffect, (match) => matchesCall(match, facts)),
    ofWebhook: (facts, now) => effects(now, isWebhookEffect, (match) => matchesWebhook(match, facts)),
    ofLink: (facts, now) => effects(now, isLinkEffect, (match) => matchesLink(match, facts)),
  };
}

function isCallEffect(effect: Effect): effect is CallEffect {
  return !isWebhookEffect(effect) && !isLinkEffect(effect);
}

function isLinkEffect(effect: Effect): effect is LinkEffect {
  return effect.kind === 'expired_link';
}

function isWebhookEffect(effect: Effect): effect is WebhookEffect {
  return WEBHOOK_KINDS.has(effect.kind);
}

function matchesLink(match: FaultMatch, facts: CallFacts): boolean {
  return matchesCall({ ...match, edge: match.edge ?? '*' }, facts);
}

function matchesCall(match: FaultMatch, facts: CallFacts): boolean {
  const edge = match.edge ?? 'messages';
  if (match.status !== undefined || (edge !== '*' && edge !== facts.edge)) return false;
  return (
    matchesWho(match, facts) &&
    (match.type === undefined || match.type === facts.type || match.type === facts.kind)
  );
}

function matchesWebhook(match: FaultMatch, facts: WebhookFacts): boolean {
  if (match.status !== undefined && match.status !== facts.status) return false;
  return matchesWho(match, facts) && (match.type === undefined || match.type === facts.type);
}

function matchesWho(match: FaultMatch, { number, to }: { number: string; to: string }): boolean {
  if (match.number !== undefined && match.number !== number) return false;
  if (match.to === undefined || match.to === to) return true;
  return match.to.endsWith('*') && to.startsWith(match.to.slice(0, -1));
}
