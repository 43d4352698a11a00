// Budgets: one token bucket for each organisation and class, as large as its requests per minute and refilled evenly. A
// bucket is one number, the moment at which it will be full again: a token moves it one interval later, and a token is
// there while it is at most a minute away. A bucket that is full need not be kept.
import type { Clock } from '../kernel/clock.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';

export type BudgetClass = 'write' | 'read';

/** Whose budget; a `Caller` is one. */
export interface Budgeted {
  organisationId: OrganisationId;
  writePerMinute: number;
  readPerMinute: number;
}

export interface Budget {
  headers: {
    /** Requests per minute of this class. */
    'X-RateLimit-Limit': string;
    /** Whole tokens that are left. */
    'X-RateLimit-Remaining': string;
    /** Unix seconds at which the bucket will be full. */
    'X-RateLimit-Reset': string;
  };
}

export interface Budgets {
  /** Takes a token; throws `rate_limit_exceeded` with `Retry-After` when there is none. */
  take(organisation: Budgeted, budgetClass: BudgetClass): Budget;
  /** Gives a token back that was taken for what turned out to be a replay. */
  giveBack(organisation: Budgeted, budgetClass: BudgetClass): Budget;
  /** How the bucket stands, for the headers of a request that is refused for another reason. */
  peek(organisation: Budgeted, budgetClass: BudgetClass): Budget;
}

const MINUTE_MS = 60_000;
const BUCKETS_MAX = 20_000;

export function budgetClassOf(method: string): BudgetClass {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

export function createBudgets(ctx: { clock: Clock }): Budgets {
  /** When each bucket is full, on the monotonic clock. */
  const fullAt = { write: new Map<OrganisationId, number>(), read: new Map<OrganisationId, number>() };

  function move(organisation: Budgeted, budgetClass: BudgetClass, tokens: -1 | 0 | 1): Budget {
    const buckets = fullAt[budgetClass];
    const limit = limitOf(organisation, budgetClass);
    const now = ctx.clock.monotonic();
    // Milliseconds until the bucket is full: 0 is full, a minute is empty.
    const before = Math.max(0, (buckets.get(organisation.organisationId) ?? 0) - now);
    const after = Math.max(0, before - (tokens * MINUTE_MS) / limit);
    if (tokens < 0 && after > MINUTE_MS + roundingMs(limit)) throw exceeded(limit, before, ctx.clock.now());
    if (tokens !== 0) buckets.set(organisation.organisationId, now + after);
    if (buckets.size > BUCKETS_MAX) makeRoom(buckets, now);
    return { headers: headersOf(limit, after, ctx.clock.now()) };
  }

  return {
    take: (organisation, budgetClass) => move(organisation, budgetClass, -1),
    giveBack: (organisation, budgetClass) => move(organisation, budgetClass, 1),
    peek: (organisation, budgetClass) => move(organisation, budgetClass, 0),
  };
}

function makeRoom(buckets: Map<OrganisationId, number>, now: number): void {
  for (const [other, fullAt] of buckets) if (fullAt <= now) buckets.delete(other);
  // All of them are in use: who came first starts anew.
  for (const other of buckets.keys()) {
    if (buckets.size <= BUCKETS_MAX / 2) break;
    buckets.delete(other);
  }
}

function limitOf(organisation: Budgeted, budgetClass: BudgetClass): number {
  return Math.max(1, budgetClass === 'write' ? organisation.writePerMinute : organisation.readPerMinute);
}

function headersOf(limit: number, missingMs: number, now: number): Budget['headers'] {
  const remaining = Math.floor(((MINUTE_MS - missingMs + roundingMs(limit)) * limit) / MINUTE_MS);
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(Math.min(limit, Math.max(0, remaining))),
    'X-RateLimit-Reset': String(Math.ceil((now + missingMs) / 1000)),
  };
}

/** What adding intervals up may be wrong by: far less than an interval. */
function roundingMs(limit: number): number {
  return Math.min(0.001, MINUTE_MS / limit / 1000);
}

function exceeded(limit: number, missingMs: number, now: number): KurirError {
  const retryAfterMs = Math.max(1, Math.ceil(missingMs + MINUTE_MS / limit - MINUTE_MS));
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1000);
  const message = `The organisation has used its ${limit} requests of this class a minute: wait ${retryAfterSeconds} s.`;
  const headers = { ...headersOf(limit, missingMs, now), 'Retry-After': String(retryAfterSeconds) };
  return new KurirError('rate_limit_exceeded', message, { retryAfterMs, headers });
}
