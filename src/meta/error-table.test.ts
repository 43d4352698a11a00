// Every row is reachable, every code has an answer, and the pairs the outside world knows are exactly those.
import { describe, expect, test } from 'vitest';
import { FAILURES } from '../kernel/errors.ts';
import { judgeMetaError, META_ERRORS, META_ERROR_RANGES } from './error-table.ts';

describe('the table', () => {
  test('every row is what a code is judged by', () => {
    const rows = Object.entries(META_ERRORS);
    expect(rows.length).toBeGreaterThan(140);
    for (const [code, row] of rows) {
      const verdict = judgeMetaError(Number(code), 500);
      expect(verdict.title).toBe(row.title);
      expect(verdict.failure).toBe(row.failure);
      expect(verdict.action).toBe(row.action === 'later if 5xx' ? 'later' : row.action);
      expect(Object.keys(FAILURES)).toContain(row.failure);
    }
  });

  test('no code stands both alone and in a range', () => {
    for (const { from, to } of META_ERROR_RANGES) {
      expect(Object.keys(META_ERRORS).filter((code) => Number(code) >= from && Number(code) <= to)).toEqual(
        [],
      );
    }
  });

  test('a range covers its first and its last code, and nothing beyond', () => {
    for (let code = 200; code <= 299; code++) expect(judgeMetaError(code, 403).action).toBe('number');
    for (const { from, to, title } of META_ERROR_RANGES) {
      expect(judgeMetaError(from, 400).title).toBe(title);
      expect(judgeMetaError(to, 400).title).toBe(title);
      expect(judgeMetaError(from - 1, 400).title).not.toBe(title);
      expect(judgeMetaError(to + 1, 400).title).not.toBe(title);
    }
  });
});

describe('the failure codes', () => {
  test.each([
    [131047, 'outside_24h_window'],
    [132015, 'template_paused'],
    [132016, 'template_disabled'],
    [132000, 'template_param_count_mismatch'],
    [132001, 'template_param_format_mismatch'],
    [1006, 'recipient_not_on_whatsapp'],
    [1013, 'recipient_blocked'],
    [131053, 'media_download_failed'],
  ])('%i is %s, and final', (code, failure) => {
    expect(judgeMetaError(code, 400)).toMatchObject({ action: 'never', failure });
  });

  test.each([
    [131026, 'recipient_not_on_whatsapp'],
    [131050, 'recipient_blocked'],
    [131052, 'media_download_failed'],
    [132012, 'template_param_format_mismatch'],
    [131049, 'whatsapp_error'],
    [100, 'whatsapp_error'],
  ])('%i is %s', (code, failure) => {
    expect(judgeMetaError(code, 400).failure).toBe(failure);
  });
});

describe('the actions', () => {
  test('rate limits slow the lane, whatever the HTTP status', () => {
    for (const code of [4, 80_007, 130_429, 131_048, 131_056]) {
      for (const status of [400, 429]) expect(judgeMetaError(code, status).action).toBe('slower');
    }
  });

  test('what a person must repair stops the number', () => {
    for (const code of [0, 10, 190, 368, 131_005, 131_031, 131_042, 133_010])
      expect(judgeMetaError(code, 401).action).toBe('number');
  });

  test('Meta’s unknown errors pass only with 5xx', () => {
    for (const code of [1, 131_000]) {
      expect(judgeMetaError(code, 500).action).toBe('later');
      expect(judgeMetaError(code, 400).action).toBe('never');
    }
  });

  test('codes nobody knows', () => {
    const title = 'Meta’s error 987654';
    expect(judgeMetaError(987_654, 400)).toEqual({ action: 'never', failure: 'whatsapp_error', title });
    expect(judgeMetaError(987_654, 503)).toEqual({ action: 'later', failure: 'whatsapp_error', title });
    expect(judgeMetaError(987_654, 200)).toEqual({ action: 'unknown', failure: 'whatsapp_error', title });
  });
});
