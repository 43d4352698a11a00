import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { KurirError } from '../kernel/errors.ts';
import { budgetClassOf, createBudgets, type Budgeted, type Budgets } from './budgets.ts';
import { turnableClock, type TurnableClock } from '../../test/support/turnable-clock.ts';

let clock: TurnableClock;
let budgets: Budgets;
const organisation: Budgeted = { organisationId: 'org_1', writePerMinute: 60, readPerMinute: 600 };
const NOW_SECONDS = 1_800_000_000;

beforeEach(() => {
  clock = turnableClock(NOW_SECONDS * 1000);
  budgets = createBudgets({ clock });
});

function refusal(act: () => unknown): KurirError {
  try {
    act();
  } catch (error) {
    if (error instanceof KurirError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('take', () => {
  it('tells the limit, the whole tokens left and when the bucket is full again', () => {
    expect(budgets.take(organisation, 'write').headers).toEqual({
      'X-RateLimit-Limit': '60',
      'X-RateLimit-Remaining': '59',
      'X-RateLimit-Reset': String(NOW_SECONDS + 1),
    });
    for (let i = 0; i < 9; i++) budgets.take(organisation, 'write');
    clock.advance(700);
    expect(budgets.take(organisation, 'write').headers).toEqual({
      'X-RateLimit-Limit': '60',
      'X-RateLimit-Remaining': '49',
      'X-RateLimit-Reset': String(NOW_SECONDS + 11),
    });
  });

  it('refuses when the bucket is empty, and says in whole seconds when there is a token', () => {
    for (let i = 0; i < 60; i++) budgets.take(organisation, 'write');
    clock.advance(300);
    const { code, details } = refusal(() => budgets.take(organisation, 'write'));
    expect(code).toBe('rate_limit_exceeded');
    expect(details.retryAfterMs).toBe(700);
    expect(details.headers).toEqual({
      'Retry-After': '1',
      'X-RateLimit-Limit': '60',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': String(NOW_SECONDS + 60),
    });
  });

  it('costs nothing when it refuses, and lets pass after Retry-After', () => {
    const slow = { ...organisation, writePerMinute: 7 };
    for (let i = 0; i < 7; i++) budgets.take(slow, 'write');
    for (let i = 0; i < 100; i++) refusal(() => budgets.take(slow, 'write'));
    const { details } = refusal(() => budgets.take(slow, 'write'));
    expect(details.headers?.['Retry-After']).toBe('9');
    clock.advance((details.retryAfterMs ?? 0) - 1);
    refusal(() => budgets.take(slow, 'write'));
    clock.advance(1);
    expect(budgets.take(slow, 'write').headers['X-RateLimit-Remaining']).toBe('0');
  });

  it('keeps classes and organisations apart', () => {
    for (let i = 0; i < 60; i++) budgets.take(organisation, 'write');
    expect(budgets.take(organisation, 'read').headers['X-RateLimit-Remaining']).toBe('599');
    const other: Budgeted = { ...organisation, organisationId: 'org_2' };
    expect(budgets.take(other, 'write').headers['X-RateLimit-Remaining']).toBe('59');
  });

  it('never holds more than its capacity, and follows a limit that was changed', () => {
    budgets.take(organisation, 'write');
    clock.advance(3_599_700);
    expect(budgets.peek(organisation, 'write').headers['X-RateLimit-Remaining']).toBe('60');
    expect(budgets.peek(organisation, 'write').headers['X-RateLimit-Reset']).toBe(String(NOW_SECONDS + 3600));
    for (let i = 0; i < 30; i++) budgets.take(organisation, 'write');
    const raised = { ...organisation, writePerMinute: 600 };
    expect(budgets.peek(raised, 'write').headers['X-RateLimit-Remaining']).toBe('300');
  });
});

it('grants in any span what a bucket of tokens grants, and no more', () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 30_000 }),
    takes: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.array(step, { maxLength: 30 }),
      (writePerMinute, steps) => {
        clock = turnableClock(0);
        budgets = createBudgets({ clock });
        const one = { ...organisation, writePerMinute };
        let tokens = writePerMinute;
        for (const { waitMs, takes } of steps) {
          clock.advance(waitMs);
          tokens = Math.min(writePerMinute, tokens + (waitMs * writePerMinute) / 60_000);
          for (let i = 0; i < takes; i++) {
            const granted = isGranted(one);
            // A token by a hair: rounding may decide either way.
            if (Math.abs(tokens - 1) < 1e-4) tokens = granted ? Math.max(1, tokens) : tokens;
            else expect(granted).toBe(tokens > 1);
            if (granted) tokens--;
          }
          const left = Number(budgets.peek(one, 'write').headers['X-RateLimit-Remaining']);
          expect(left).toBeGreaterThanOrEqual(Math.floor(tokens - 1e-3));
          expect(left).toBeLessThanOrEqual(tokens + 1e-2);
        }
      },
    ),
  );
});

function isGranted(one: Budgeted): boolean {
  try {
    budgets.take(one, 'write');
    return true;
  } catch {
    // Refusals have their own tests.
    return false;
  }
}

describe('giveBack and peek', () => {
  it('gives back what was taken, never more than the capacity', () => {
    budgets.take(organisation, 'write');
    expect(budgets.giveBack(organisation, 'write').headers['X-RateLimit-Remaining']).toBe('60');
    expect(budgets.giveBack(organisation, 'write').headers['X-RateLimit-Remaining']).toBe('60');
  });

  it('looks without taking', () => {
    budgets.take(organisation, 'read');
    for (let i = 0; i < 5; i++) {
      expect(budgets.peek(organisation, 'read').headers['X-RateLimit-Remaining']).toBe('599');
    }
  });
});

it('counts GET and HEAD as reading and the rest as writing', () => {
  expect(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map(budgetClassOf)).toEqual([
    'read',
    'read',
    'write',
    'write',
    'write',
    'write',
  ]);
});

it('stays bounded, and forgets those that were quiet longest', () => {
  budgets.take(organisation, 'write');
  for (let i = 0; i < 30_000; i++) {
    budgets.take({ ...organisation, organisationId: `org_x${i}` }, 'write');
    if (i % 10_000 === 0) budgets.take(organisation, 'read');
  }
  expect(budgets.peek(organisation, 'write').headers['X-RateLimit-Remaining']).toBe('60');
  expect(budgets.peek(organisation, 'read').headers['X-RateLimit-Remaining']).toBe('597');
});
