// What tests of the edge expect of an answer, said in one line, with the whole answer shown when it is another.
import { expect } from 'vitest';

import { REFUSALS, type ErrorCode } from '../../src/kernel/errors.ts';

interface Answered {
  status: number;
  headers: { get(name: string): string | null } | Record<string, string>;
  text: string;
}

export function expectStatus(answer: Answered, status: number): void {
  expect({ status: answer.status, said: answer.text }).toEqual({ status, said: answer.text });
}

/** Kirim's envelope of this error, its status, and one request id in header and body; returns the error. */
export function expectKirimError(answer: Answered, code: ErrorCode, param?: string): { message: string } {
  expectStatus(answer, REFUSALS[code].status);
  const { error }: { error: { message: string } } = JSON.parse(answer.text);
  const requestId = header(answer, 'x-request-id');
  expect(requestId).toMatch(/^req_[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(error).toEqual({
    type: REFUSALS[code].type,
    code,
    message: expect.stringMatching(/^\S.{5,}[.!?]$/s),
    ...(param === undefined ? {} : { param }),
    request_id: requestId,
  });
  expect(header(answer, 'content-type')).toBe('application/json; charset=utf-8');
  return error;
}

/** Meta's envelope with this code; `status` and subcode where they are known. */
export function expectGraphError(
  answer: Answered,
  expected: { status: number; code: number; type?: string; subcode?: number },
): void {
  expectStatus(answer, expected.status);
  const { error }: { error: object } = JSON.parse(answer.text);
  expect(error).toMatchObject({
    message: expect.any(String),
    code: expected.code,
    fbtrace_id: expect.stringMatching(/^A[\w-]{22}$/),
    ...(expected.type === undefined ? {} : { type: expected.type }),
    ...(expected.subcode === undefined ? {} : { error_subcode: expected.subcode }),
  });
  expect(header(answer, 'x-request-id')).toMatch(/^req_/);
}

function header(answer: Answered, name: string): string | null {
  const { headers } = answer;
  if (headers instanceof Headers) return headers.get(name);
  return Object.entries(headers).find(([key]) => key === name)?.[1] ?? null;
}
